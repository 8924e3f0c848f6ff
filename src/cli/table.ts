/**
 * Text for a terminal: what others chose (subjects, models, answers) must not move the cursor, colour the screen or
 * hide itself, so that every control and format character becomes a dot. Line ends stay where `lines` is set.
 */
export function plain(text: string, lines = false): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, (character) =>
    lines && (character === '\n' || character === '\t') ? character : '·',
  );
}

/** An aligned table, columns two spaces apart; the last column is not padded. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const all = [head, ...rows.map((row) => row.map((cell) => plain(cell)))];
  const widths = head.map((_, column) => Math.max(...all.map((row) => row[column]!.length)));
  const line = (row: readonly string[]) =>
    row
      .map((cell, column) => cell.padEnd(widths[column]!))
      .join('  ')
      .trimEnd();
  return `${all.map(line).join('\n')}\n`;
}

/** A time of the admin API as a person reads it: `2026-01-05 02:15:00`, UTC. */
export function utc(time: unknown): string {
  return typeof time === 'string' ? time.slice(0, 19).replace('T', ' ') : '-';
}

/** A value of the admin API in a cell: `-` for null, lists joined by commas. */
export function cell(value: unknown): string {
  if (value === null || value === undefined || (Array.isArray(value) && value.length === 0)) return '-';
  return Array.isArray(value) ? value.map(cell).join(',') : String(value);
}
