import type { Random } from './random.ts';

/**
 * Cuts a text into deltas at places that the source of numbers chooses, inside words too, never inside a character (the service
 * sends whole characters in its JSON).
 *
 * @param split a text that no piece may hold whole: every place it stands at is cut in its middle
 */
export function cutText(text: string, random: Random, split?: string): string[] {
  const cuts = new Set<number>();
  for (let at = 0; at < text.length; ) {
    at += 1 + random.below(random.below(4) === 0 ? 24 : 8);
    cuts.add(at);
  }
  if (split && split.length > 1) {
    for (let at = text.indexOf(split); at >= 0; at = text.indexOf(split, at + 1)) cuts.add(at + (split.length >> 1));
  }
  const pieces: string[] = [];
  let from = 0;
  for (const cut of [...cuts].sort((a, b) => a - b)) {
    const to = Math.min(inside(text, cut) ? cut + 1 : cut, text.length);
    if (to > from) pieces.push(text.slice(from, to));
    from = Math.max(from, to);
  }
  return pieces;
}

/** Cuts bytes anywhere, into pieces of one to `most` bytes; `most` differs by stream so that tiny and large pieces both occur. */
export function byteSizes(random: Random): () => number {
  const most = [7, 90, 1200, 9000][random.below(4)]!;
  return () => 1 + random.below(most);
}

function inside(text: string, at: number): boolean {
  const unit = text.charCodeAt(at);
  return unit >= 0xdc00 && unit <= 0xdfff;
}
