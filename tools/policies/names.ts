import { globSync } from 'node:fs';
import { contract } from '../../src/decide/contract.ts';
import { BuildFailed, run } from './opa.ts';

const points = Object.keys(contract).filter((name) => name !== 'decision');
const sets = ['deny', 'require_approval', 'allow', 'mask', 'directive'];

interface Parsed {
  readonly package: { readonly path: readonly { readonly value: string }[] };
  readonly rules?: readonly {
    readonly head: { readonly name?: string };
    readonly location: { readonly row: number };
  }[];
}

/**
 * Refuses what the aggregator would not read and Rego has no word against: a package at a misspelt point, a rule in a
 * misspelt set. Such a rule denies nothing, and its tests pass.
 *
 * @throws BuildFailed with every such place in the folder of policies
 */
export function checkNames(source: string): void {
  const files = globSync('*/*/*.rego', { cwd: source }).filter((file) => !file.endsWith('_test.rego'));
  const wrong = files.sort().flatMap((file) => {
    const parsed = JSON.parse(
      run('opa', source, ['parse', '--format', 'json', '--json-include', 'locations', file]),
    ) as Parsed;
    const [, root, , point = ''] = parsed.package.path.map(({ value }) => value);
    if (root !== 'policies') return [];
    if (!points.includes(point)) {
      return [`${file}: nobody asks a package at "${point}"; a policy is policies.<name>.<point> at ${words(points)}`];
    }
    return (parsed.rules ?? [])
      .filter(({ head: { name = '' } }) => !sets.includes(name) && !name.startsWith('_'))
      .map(
        ({ head, location }) =>
          `${file}:${location.row}: nobody reads "${head.name}"; a policy adds to ${words(sets)}, a helper begins with _`,
      );
  });
  if (wrong.length > 0) throw new BuildFailed(wrong.join('\n'));
}

function words(names: readonly string[]): string {
  return `${names.slice(0, -1).join(', ')} or ${names.at(-1)}`;
}
