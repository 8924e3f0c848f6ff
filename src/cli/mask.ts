import type { Readable, Writable } from 'node:stream';
import { StartError } from '../errors.ts';
import { createDetectors, Redactor, redactions, type Tables } from '../mask/index.ts';
import type { Span } from '../model/scan.ts';
import { type RulesOptions, requireTables } from './rules.ts';
import { table } from './table.ts';

export interface MaskOptions extends RulesOptions {
  /** Classes or rule ids, separated by commas; absent: every class that is not only reported. */
  readonly detectors?: string;
  /** Characters of a piece, to try how a stream would be cut. */
  readonly chunk?: number;
  /** Say which rule covered what, after the text. */
  readonly explain?: boolean;
  readonly json?: boolean;
}

/** Classes that policy decides on, but whose text nobody wants replaced. */
const onlyReported: ReadonlySet<string> = new Set(['prompt_injection', 'dangerous_instruction']);

/** Where a rule covered something; offsets are in the input. */
interface Covered {
  readonly detector: string;
  readonly class: string;
  readonly line: number;
  readonly column: number;
  readonly from: number;
  to: number;
}

/**
 * `sallyport mask`: reads text and writes it masked, as the gateway would mask a stream of it. The masked text goes to
 * `output`, the explanation to `notes`. Rejects with `StartError`.
 */
export async function maskCommand(
  options: MaskOptions,
  input: Readable,
  output: Writable,
  notes: Writable,
): Promise<number> {
  const { chunk } = options;
  if (chunk !== undefined && !(Number.isInteger(chunk) && chunk > 0))
    throw new StartError('--chunk is a count of characters.');
  const tables = requireTables(options);
  const detectors = createDetectors([], new Uint8Array(32), chosen(tables, options.detectors));
  const text = await readAll(input);
  const scanner = detectors.stream();
  const redactor = new Redactor(redactions(() => true));
  const places = new Places(text);
  let offset = 0;
  let masked = '';
  const take = (released: { readonly text: string; readonly spans: readonly Span[] }) => {
    masked += redactor.apply(released.text, released.spans);
    for (const span of released.spans) places.add(span, offset);
    offset += released.text.length;
  };
  const size = chunk ?? Math.max(text.length, 1);
  for (let at = 0; at < text.length; at += size) take(scanner.write(text.slice(at, at + size)));
  take(scanner.end());
  masked += redactor.end();

  if (options.json) output.write(`${JSON.stringify({ masked, spans: places.covered })}\n`);
  else output.write(masked);
  if (options.explain) notes.write(explain(places.covered, tables));
  return 0;
}

/** The tables with the chosen rules only. Throws `StartError` for a name that is neither a class nor a rule. */
function chosen(tables: Tables, names: string | undefined): Tables {
  if (names === undefined) {
    return { ...tables, rules: tables.rules.filter((rule) => !onlyReported.has(rule.class)) };
  }
  const wanted = new Set(names.split(',').map((name) => name.trim()));
  const known = new Set(tables.rules.flatMap((rule) => [rule.id, rule.class]));
  const unknown = [...wanted].filter((name) => !known.has(name));
  if (unknown.length > 0)
    throw new StartError(`Neither a class nor a rule: ${unknown.join(', ')}. See "detectors list".`);
  return { ...tables, rules: tables.rules.filter((rule) => wanted.has(rule.id) || wanted.has(rule.class)) };
}

async function readAll(input: Readable): Promise<string> {
  const pieces: Buffer[] = [];
  for await (const piece of input) pieces.push(Buffer.from(piece as Buffer | string));
  return Buffer.concat(pieces).toString('utf8');
}

class Places {
  readonly covered: Covered[] = [];
  readonly #lines: number[] = [0];

  constructor(text: string) {
    for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) this.#lines.push(at + 1);
  }

  add(span: Span, offset: number): void {
    const to = span.to + offset;
    const known = span.continues ? this.covered.findLast((other) => other.detector === span.detector) : undefined;
    if (known) {
      known.to = Math.max(known.to, to);
      return;
    }
    const from = span.from + offset;
    const line = this.#lines.findLastIndex((start) => start <= from);
    const place = { line: line + 1, column: from - this.#lines[line]! + 1 };
    this.covered.push({ detector: span.detector, class: span.class, ...place, from, to });
  }
}

function explain(covered: readonly Covered[], tables: Tables): string {
  if (covered.length === 0) return 'nothing is covered\n';
  const labels = new Map(tables.rules.map((rule) => [rule.id, rule.label]));
  return table(
    ['PLACE', 'LENGTH', 'CLASS', 'RULE', 'WHAT'],
    covered.map(({ detector, class: className, line, column, from, to }) => [
      `${line}:${column}`,
      String(to - from),
      className,
      detector,
      labels.get(detector) ?? '',
    ]),
  );
}
