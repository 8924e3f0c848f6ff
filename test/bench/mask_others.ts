import { lintSource } from '@secretlint/core';
import { creator } from '@secretlint/secretlint-rule-preset-recommend';
import type { DetectorRule } from '../../src/mask/index.ts';
import type { Detectors } from '../../src/model/scan.ts';
import { note } from './figure.ts';

/** What the usual short-cut keeps of a stream. */
const window = 256;
/** Characters of text at a time; each is one scan. */
const part = 16_384;
const parts = 6;

interface Way {
  readonly name: string;
  /** Begins a text: gives what looks at its next piece. */
  begin(): (piece: string) => unknown;
  /** Characters of a stream that are looked at again with each delta. */
  readonly kept: number;
  readonly deltas: number;
}

/**
 * The same text by the usual ways, beside ours: in deltas of 4 characters, where each keeps 256 and looks again, and
 * in parts as of a request. Processor time, one after the other in each round; the least of the rounds.
 */
export async function othersFigures(detectors: Detectors, rules: readonly DetectorRule[], text: string): Promise<void> {
  const patterns = rules.map(({ context, body }) => new RegExp(`(?:${context ?? ''})(?:${body})`, 'gs'));
  const byPatterns = (piece: string) => patterns.map((pattern) => [...piece.matchAll(pattern)]);
  const ways: readonly Way[] = [
    { name: 'ours', begin: () => streamOf(detectors), kept: 0, deltas: 50_000 },
    { name: 'regexp', begin: () => byPatterns, kept: window, deltas: 200 },
    { name: 'secretlint', begin: () => lint, kept: window, deltas: 200 },
  ];
  const least = new Map<string, number>();
  const keep = (name: string, value: number) => least.set(name, Math.min(value, least.get(name) ?? value));
  for (let round = 0; round < 3; round++) {
    for (const { name, begin, kept, deltas } of ways) {
      const look = begin();
      const delta = (at: number) => look(text.slice(Math.max(0, 4 * at + 4 - Math.max(4, kept)), 4 * at + 4));
      keep(`mask_delta_by_${name}`, (await cost(deltas, delta)) / deltas);
      const scan = begin();
      keep(
        `mask_request_by_${name}`,
        (await cost(parts, (at) => scan(text.slice(at * part, (at + 1) * part)))) / (parts * part),
      );
    }
  }
  for (const [name, value] of least) {
    if (name.startsWith('mask_delta')) note(name, value, 'us');
    else note(name, 1 / value, 'MB/s');
  }
  note('mask_held_by_regexp', window, 'chars');
  note('mask_held_by_secretlint', window, 'chars');
}

function streamOf(detectors: Detectors): (piece: string) => unknown {
  const scanner = detectors.stream();
  return (piece) => scanner.write(piece);
}

const config = { rules: [{ id: '@secretlint/secretlint-rule-preset-recommend', rule: creator }] };

function lint(content: string): Promise<unknown> {
  return lintSource({
    source: { content, filePath: 'text.txt', ext: '.txt', contentType: 'text' },
    options: { config },
  });
}

/** Microseconds of processor time. */
async function cost(times: number, work: (at: number) => unknown): Promise<number> {
  const start = process.cpuUsage();
  for (let at = 0; at < times; at++) {
    const result = work(at);
    if (result instanceof Promise) await result;
  }
  const { user, system } = process.cpuUsage(start);
  return user + system;
}
