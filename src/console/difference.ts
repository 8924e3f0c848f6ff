import type { DifferenceLine } from './models.ts';

/** Lines of either text beyond which nothing is compared. */
const MOST_LINES = 1200;

/**
 * The lines of `later` against those of `earlier`, by their longest common subsequence: what is gone stands before what
 * is new. Null where a text is too long to compare.
 */
export function difference(earlier: string, later: string): readonly DifferenceLine[] | null {
  const before = earlier.split('\n');
  const after = later.split('\n');
  if (before.length > MOST_LINES || after.length > MOST_LINES) return null;
  const width = after.length + 1;
  // lengths[i * width + j]: longest common subsequence of before[i..] and after[j..].
  const lengths = new Uint16Array((before.length + 1) * width);
  for (let i = before.length - 1; i >= 0; i--) {
    for (let j = after.length - 1; j >= 0; j--) {
      lengths[i * width + j] =
        before[i] === after[j]
          ? lengths[(i + 1) * width + j + 1]! + 1
          : Math.max(lengths[(i + 1) * width + j]!, lengths[i * width + j + 1]!);
    }
  }
  const lines: DifferenceLine[] = [];
  let i = 0;
  let j = 0;
  while (i < before.length || j < after.length) {
    if (i < before.length && j < after.length && before[i] === after[j]) {
      lines.push({ kind: 'same', text: before[i]! });
      i++;
      j++;
    } else if (i < before.length && lengths[(i + 1) * width + j]! >= (lengths[i * width + j + 1] ?? 0)) {
      lines.push({ kind: 'gone', text: before[i++]! });
    } else if (j < after.length) {
      lines.push({ kind: 'new', text: after[j++]! });
    } else {
      lines.push({ kind: 'gone', text: before[i++]! });
    }
  }
  return lines;
}
