import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { defaultLimits, scan } from '../../src/json/index.ts';
import { createDetectors, createMasking, encodeTables, loadTables, readExample } from '../../src/mask/index.ts';
import { compileFolder } from '../../src/mask/rules/folder.ts';
import type { Body, Leaf } from '../../src/model/body.ts';
import type { Conversed } from '../../src/model/exchange.ts';
import type { Detectors } from '../../src/model/scan.ts';
import { figure, median, note, quantile } from './figure.ts';
import { othersFigures } from './mask_others.ts';
import { recallFigures } from './mask_recall.ts';
import { memory } from './memory.ts';

const root = join(import.meta.dirname, '../..');
const reported = ['prompt_injection', 'dangerous_instruction'];

/** What masking costs with the full library, and how much text it holds back. */
export async function maskFigures(rounds: number): Promise<void> {
  const { compiled } = compileFolder(join(root, 'policies/detectors'));
  const bytes = encodeTables(compiled);
  note('mask_rules', compiled.length, 'rules');
  // Not the reference pages: one of them is a list of made-up secrets.
  const prose = textOf(['*.md', 'docs/guides/*.md'], 1_000_000);
  const code = textOf(['src/**/*.ts'], 1_000_000);

  const detectors = loaded(bytes);
  figure('mask_rule_set', memoryOf(16, () => loaded(bytes)) / 2 ** 20, 'MiB', '<=', 16);
  figure('mask_load', median(Array.from({ length: rounds }, () => cost(() => loaded(bytes)) / 1000)), 'ms', '<=', 100);
  figure('mask_first_megabyte', throughput(detectors, (prose + code).slice(0, 1_000_000)), 'MB/s', '>=', 3);
  for (const [name, text] of [
    ['prose', prose],
    ['code', code],
  ] as const) {
    const speeds = Array.from({ length: rounds }, () => throughput(detectors, text));
    figure(`mask_request_${name}`, median(speeds), 'MB/s', '>=', 10);
    deltaFigures(detectors, name, text, rounds);
  }
  const rules = compiled.map(({ rule }) => rule);
  await othersFigures(detectors, rules, prose);
  hostileFigure(
    detectors,
    rules.flatMap(({ examples }) => examples).map((example) => readExample(example).text),
  );
  recallFigures(detectors, rules);
  streamFigure(detectors);
  await turnFigure(bytes, prose);
}

function loaded(bytes: Uint8Array): Detectors {
  return createDetectors([], new Uint8Array(32), loadTables(bytes));
}

function textOf(patterns: readonly string[], least: number): string {
  const files = patterns.flatMap((pattern) => globSync(pattern, { cwd: root })).sort();
  const text = files.map((name) => readFileSync(join(root, name), 'utf8')).join('\n');
  return text.repeat(Math.ceil(least / text.length)).slice(0, 2 * least);
}

/** Processor time in microseconds; the wall clock of a shared machine says little. */
function cost(work: () => void): number {
  const start = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(start);
  return user + system;
}

function throughput(detectors: Detectors, text: string, piece = 16_384): number {
  const spent = cost(() => {
    const scanner = detectors.stream();
    for (let at = 0; at < text.length; at += piece) scanner.write(text.slice(at, at + piece));
    scanner.end();
  });
  return text.length / spent;
}

function deltaFigures(detectors: Detectors, name: string, text: string, rounds: number): void {
  const deltas = Array.from({ length: 100_000 }, (_, at) => text.slice(at * 4, at * 4 + 4));
  for (const without of [reported, [...reported, 'email']]) {
    const masked = new Set([...detectors.classes].filter((className) => !without.includes(className)));
    const held = new Float64Array(deltas.length);
    const times = Array.from({ length: rounds }, () => {
      const scanner = detectors.stream({ masked, reported: new Set() });
      return cost(() => {
        for (let i = 0; i < deltas.length; i++) {
          scanner.write(deltas[i]!);
          held[i] = scanner.held;
        }
      });
    });
    const email = masked.has('email');
    const label = email ? name : `${name}_without_email`;
    if (email) figure(`mask_delta_${label}`, median(times) / deltas.length, 'us', '<=', 2);
    figure(`mask_held_mean_${label}`, held.reduce((a, b) => a + b, 0) / held.length, 'chars', '<=', email ? 4.5 : 0.5);
    if (!email) continue;
    held.sort();
    figure(`mask_held_p99_${label}`, quantile(held, 0.99), 'chars', '<=', 32);
    figure(`mask_held_max_${label}`, held.at(-1)!, 'chars', '<=', 128);
  }
}

function hostileFigure(detectors: Detectors, examples: readonly string[]): void {
  let seed = 1;
  const random = (below: number) => {
    seed = (Math.imul(seed, 1_103_515_245) + 12_345) & 0x7fffffff;
    return (seed >> 8) % below;
  };
  const size = 200_000;
  const fill = (piece: () => string) => {
    let text = '';
    while (text.length < size) text += piece();
    return text;
  };
  const pick = (choices: readonly string[]) => choices[random(choices.length)]!;
  const leads = ['%', '%4', '\\', '\\x', '&', '&#', '*', '`', '~', '\x1b', '\x1b[', 'U+', 'a'];
  const encoded = (text: string) =>
    text.replace(/./gs, (sign) => `%${sign.charCodeAt(0).toString(16).padStart(2, '0')}`);
  const words = ['password', 'secret', 'token', 'api_key', 'is', '=', ': ', '"', 'bearer ', 'aws', 'azure', 'private'];
  const generators: readonly (readonly [string, () => string])[] = [
    ['fragments', () => examples[random(examples.length)]!.slice(random(8), 8 + random(12))],
    ['keywords', () => words[random(words.length)]! + [' ', '_', ''][random(3)]!],
    ['digits', () => String(random(10)) + (random(5) === 0 ? [' ', '-', '.'][random(3)]! : '')],
    ['ibans', () => 'DE89 3704 0044 0532 0130 '],
    ['cards', () => '4111 1111 '],
    ['assignments', () => 'password=password='],
    ['leads', () => pick(leads)],
    [
      'leads_before_keys',
      () => pick([...leads, '%41', '\\x41', '&#65;']) + pick(['sk-ant-', 'ghp_', 'AKIA', 'a@b', '4111 ']),
    ],
    ['nested_percent', () => '%25'],
    ['backslashes', () => '\\'],
    ['controls', () => `\x1b[${'1;'.repeat(15)}`],
    ['encoded_fragments', () => encoded(examples[random(examples.length)]!.slice(random(8), 8 + random(12)))],
    ['encoded_ibans', () => 'DE89 37**04 0044\\t0532&#32;0130 '],
    ['encoded_cards', () => '4111\\x201111 '],
  ];
  let slowest = Number.POSITIVE_INFINITY;
  for (const [name, piece] of generators) {
    const text = fill(piece);
    throughput(detectors, text, 256);
    const speed = throughput(detectors, text, 256);
    note(`mask_hostile_${name}`, speed, 'MB/s');
    slowest = Math.min(slowest, speed);
  }
  figure('mask_hostile_slowest', slowest, 'MB/s', '>=', 1);
}

function streamFigure(detectors: Detectors): void {
  const bytes = memoryOf(20_000, () => {
    const scanner = detectors.stream();
    scanner.write('see my_name');
    return scanner;
  });
  figure('mask_open_stream', bytes / 1024, 'KiB', '<=', 5);
}

/** Bytes that one of many takes; many, because what is collected when is not ours to say. */
function memoryOf(count: number, make: () => object): number {
  const before = memory().used;
  const made = Array.from({ length: count }, make);
  return (memory().used - before) / made.length;
}

/** A conversation of 1 MB that is sent again with one more message. */
async function turnFigure(bytes: Uint8Array, text: string): Promise<void> {
  const masking = createMasking({ exact: () => [] });
  masking.useRules(bytes);
  const texts = Array.from({ length: 250 }, (_, at) => text.slice(at * 4000, at * 4000 + 4000));
  const scan = async (messages: readonly string[]) => {
    const body = bodyOf(messages);
    const start = process.cpuUsage();
    await masking.scanRequest({ body } as unknown as Conversed);
    const { user, system } = process.cpuUsage(start);
    return user + system;
  };
  await scan(['warm']);
  const first = await scan(texts);
  const later = median([await scan([...texts, 'a']), await scan([...texts, 'b']), await scan([...texts, 'c'])]);
  figure('mask_second_turn_cheaper', first / later, 'x', '>=', 20);
}

function bodyOf(messages: readonly string[]): Body {
  const leaves: Leaf[] = [];
  let json = '{"messages":[';
  for (const [at, text] of messages.entries()) {
    const literal = JSON.stringify(text);
    const start = Buffer.byteLength(json) + Number(at > 0);
    json += `${at === 0 ? '' : ','}${literal}`;
    const place = { path: [at], start, end: start + Buffer.byteLength(literal), message: at, text };
    leaves.push({ ...place, origin: 'user', kind: 'text', fixed: false, key: false });
  }
  const bytes = Buffer.from(`${json}]}`);
  return { bytes, root: scan(bytes, defaultLimits), leaves, blocks: [], splices: [] };
}
