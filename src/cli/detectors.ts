import { writeFileSync } from 'node:fs';
import type { Writable } from 'node:stream';
import { StartError } from '../errors.ts';
import { type CompiledRule, createDetectors, encodeTables, loadTables, readExample } from '../mask/index.ts';
import { type RulesOptions, readFolder, requireRules } from './rules.ts';
import { table } from './table.ts';

/** `sallyport detectors list`: every rule with its class. Throws `StartError`. */
export function detectorsList(options: RulesOptions & { readonly json?: boolean }, output: Writable): number {
  const rules = requireRules(options).map(({ rule }) => rule);
  const rows = rules.toSorted((a, b) => a.class.localeCompare(b.class) || a.id.localeCompare(b.id));
  if (options.json) {
    const shown = rows.map((rule) => ({
      class: rule.class,
      id: rule.id,
      label: rule.label,
      reference: rule.reference,
    }));
    output.write(`${JSON.stringify(shown, null, 2)}\n`);
    return 0;
  }
  output.write(
    table(
      ['CLASS', 'RULE', 'WHAT'],
      rows.map((rule) => [rule.class, rule.id, rule.label]),
    ),
  );
  return 0;
}

/** `sallyport detectors show ID`: one rule, its patterns, its examples and what it costs. Throws `StartError`. */
export function detectorsShow(id: string, options: RulesOptions, output: Writable): number {
  const found = requireRules(options).find(({ rule }) => rule.id === id);
  if (!found) throw new StartError(`There is no rule "${id}". See "detectors list".`);
  const { rule, body, context, undecided } = found;
  const lines: (readonly [string, string | null])[] = [
    ['rule', rule.id],
    ['class', rule.class],
    ['what', rule.label],
    ['reference', rule.reference],
    ['not after', rule.left],
    ['context', rule.context],
    ['body', rule.body],
    ['tail', rule.tail && `${rule.tail}, at least ${rule.minimum}`],
    ['not before', rule.right],
    ['validator', rule.validator],
    ['cap', rule.cap === null ? null : String(rule.cap)],
    ['states', String(body.states + (context?.states ?? 0))],
    ['held at most', `${undecided} characters`],
    ...rule.examples.map((example) => ['covers', example.replaceAll('·', '')] as const),
    ...rule.near.map((near) => ['but not', near.replaceAll('·', '')] as const),
  ];
  for (const [name, value] of lines) if (value !== null) output.write(`${name.padEnd(13)}${value}\n`);
  return 0;
}

/**
 * `sallyport detectors test`: compiles the rules and tries every example and near miss, each rule alone. Exit code 1
 * with every fault listed. Throws `StartError` where the folder cannot be read.
 */
export function detectorsTest(options: RulesOptions, output: Writable): number {
  const { compiled, faults } = readFolder(options);
  if (compiled.length + faults.length === 0) {
    throw new StartError(`There is no rule in ${options.rules}; rules are in files *.yaml and *.json.`);
  }
  const problems = [...faults.map(({ place, problem }) => `${place}: ${problem}`), ...compiled.flatMap(tryExamples)];
  for (const problem of problems) output.write(`FAILED  ${problem}\n`);
  output.write(`${compiled.length} rules, ${problems.length} faults\n`);
  return problems.length === 0 ? 0 : 1;
}

/** `sallyport detectors compile`: writes the tables that a bundle ships. Throws `StartError`. */
export function detectorsCompile(target: string, options: RulesOptions, output: Writable): number {
  const rules = requireRules(options);
  const bytes = encodeTables(rules);
  writeFileSync(target, bytes);
  output.write(`${target}: ${rules.length} rules, ${bytes.length} bytes, sha256 ${loadTables(bytes).digest}\n`);
  return 0;
}

function tryExamples(compiled: CompiledRule): readonly string[] {
  const { id, examples, near } = compiled.rule;
  const detectors = createDetectors([], new Uint8Array(32), loadTables(encodeTables([compiled])));
  const marked = (text: string) => {
    let out = '';
    let at = 0;
    for (const { from, to } of detectors.scan(text).spans) {
      if (to <= at) continue;
      // A stretch that goes on from the one before is one with it.
      if (from <= at && out.endsWith('»')) out = out.slice(0, -1);
      else out += `${text.slice(at, from)}«`;
      out += `${text.slice(Math.max(at, from), to)}»`;
      at = to;
    }
    return out + text.slice(at);
  };
  return [
    ...examples.flatMap((example) => {
      const found = marked(readExample(example).text);
      return found === example.replaceAll('·', '') ? [] : [`${id}: the example ${example} came out as ${found}`];
    }),
    ...near.flatMap((text) => {
      const found = marked(readExample(text).text);
      return found.includes('«') ? [`${id}: the near miss ${text} came out as ${found}`] : [];
    }),
  ];
}
