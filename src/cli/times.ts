import { StartError } from '../errors.ts';

const DAY_MS = 86_400_000;

/**
 * The stretch of time that `--from` and `--to` name, as the admin API takes it. Each is an RFC 3339 time, a date
 * (its midnight), a time of day such as `02:15`, all UTC, or how long ago, such as `2h`. A time of day is the latest such
 * moment for `--from`, and the first one behind `--from` for `--to`. Throws `StartError` for anything else.
 */
export function readRange(
  range: { readonly from?: string | undefined; readonly to?: string | undefined },
  now = Date.now(),
): { readonly from?: string; readonly to?: string } {
  const from =
    range.from === undefined ? undefined : readMoment(range.from, '--from', (at) => (at > now ? at - DAY_MS : at), now);
  const to =
    range.to === undefined
      ? undefined
      : readMoment(
          range.to,
          '--to',
          (at) => {
            if (from === undefined) return at;
            const behind = at - DAY_MS > from ? at - DAY_MS : at;
            return behind > from ? behind : behind + DAY_MS;
          },
          now,
        );
  if (from !== undefined && to !== undefined && to <= from) throw new StartError('--to must be later than --from.');
  return {
    ...(from === undefined ? {} : { from: new Date(from).toISOString() }),
    ...(to === undefined ? {} : { to: new Date(to).toISOString() }),
  };
}

const unitMs: { readonly [unit: string]: number } = { s: 1000, m: 60_000, h: 3_600_000, d: DAY_MS };

function readMoment(text: string, name: string, place: (today: number) => number, now: number): number {
  const [, count, unit] = /^(\d{1,6})([smhd])$/.exec(text) ?? [];
  if (count !== undefined && unit !== undefined) return now - Number(count) * unitMs[unit]!;
  const day = /^(\d\d):(\d\d)(?::(\d\d))?$/.exec(text);
  if (day) {
    const at = Date.parse(`${new Date(now).toISOString().slice(0, 10)}T${text.length === 5 ? `${text}:00` : text}Z`);
    if (!Number.isNaN(at)) return place(at);
  }
  const zoned = /^\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)?)?$/.test(text);
  // A time without a zone is UTC here, like every time this prints; JavaScript would take the machine's.
  const full = text.length === 10 || /(Z|[+-]\d\d:\d\d)$/.test(text) ? text : `${text}Z`;
  const at = zoned ? Date.parse(full.replace(' ', 'T')) : Number.NaN;
  if (Number.isNaN(at))
    throw new StartError(`${name}: write it as 2026-01-05T02:15:00Z, 2026-01-05, 02:15 (UTC) or 2h (ago).`);
  return at;
}
