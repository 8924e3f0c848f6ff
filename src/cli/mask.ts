import { once } from 'node:events';
import type { Readable, Writable } from 'node:stream';
import { StringDecoder } from 'node:string_decoder';
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
 * `sallyport mask`: reads text and writes it masked as it comes, as the gateway would mask a stream of it. The masked text
 * goes to `output`, the explanation to `notes` at the end. Rejects with `StartError`.
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
  const scanner = detectors.stream();
  const redactor = new Redactor(redactions(() => true));
  const places = options.json || options.explain ? new Places() : null;
  const whole: string[] = [];
  const write = async (text: string) => {
    if (options.json) whole.push(text);
    else if (text !== '' && !output.write(text)) await once(output, 'drain');
  };
  for await (const text of pieces(input, chunk)) {
    places?.read(text);
    const released = scanner.write(text);
    places?.add(released);
    await write(redactor.apply(released.text, released.spans));
  }
  const last = scanner.end();
  places?.add(last);
  await write(redactor.apply(last.text, last.spans) + redactor.end());

  if (options.json) output.write(`${JSON.stringify({ masked: whole.join(''), spans: places?.covered })}\n`);
  if (options.explain && places) notes.write(explain(places.covered, tables));
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

/** The input as text, in pieces as they come, or of so many characters each. */
async function* pieces(input: Readable, size: number | undefined): AsyncGenerator<string> {
  const decoder = new StringDecoder('utf8');
  let rest = '';
  for await (const bytes of input) {
    const text = decoder.write(Buffer.from(bytes as Buffer | string));
    if (size === undefined) {
      yield text;
      continue;
    }
    rest += text;
    let at = 0;
    for (; at + size <= rest.length; at += size) yield rest.slice(at, at + size);
    rest = rest.slice(at);
  }
  yield rest + decoder.end();
}

/** Where rules covered something, by line and column. */
class Places {
  readonly covered: Covered[] = [];
  readonly #last = new Map<string, Covered>();
  /** Where lines begin. */
  readonly #lines: number[] = [0];
  #read = 0;
  #released = 0;

  /** Takes note of the lines of what is scanned. */
  read(text: string): void {
    for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) this.#lines.push(this.#read + at + 1);
    this.#read += text.length;
  }

  add({ text, spans }: { readonly text: string; readonly spans: readonly Span[] }): void {
    for (const span of spans) this.#add(span, this.#released);
    this.#released += text.length;
  }

  #add(span: Span, offset: number): void {
    const to = span.to + offset;
    const known = span.continues ? this.#last.get(span.detector) : undefined;
    if (known) {
      known.to = Math.max(known.to, to);
      return;
    }
    const from = span.from + offset;
    const line = this.#lineOf(from);
    const place = { line: line + 1, column: from - this.#lines[line]! + 1 };
    const covered = { detector: span.detector, class: span.class, ...place, from, to };
    this.covered.push(covered);
    this.#last.set(span.detector, covered);
  }

  /** The last line that begins at or before an offset. */
  #lineOf(offset: number): number {
    let low = 0;
    let high = this.#lines.length;
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if (this.#lines[middle]! <= offset) low = middle;
      else high = middle;
    }
    return low;
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
