import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readArchive } from '../../src/bundle/archive.ts';
import { createEngine } from '../../src/decide/engine.ts';
import type { Json } from '../../src/model/json.ts';
import { BuildFailed, run } from './opa.ts';

/**
 * Runs the authors' own test rules on WASM in the gateway's engine, each as an entrypoint, and compares with what
 * `opa test` said of them. Gives what to print.
 *
 * @throws BuildFailed that names every test on which the two engines differ.
 */
export async function testParity(source: string): Promise<string> {
  const names = testRules(source);
  const native = new Map(
    (
      JSON.parse(run('opa', source, ['test', '--format', 'json', '-b', '.'])) as {
        package: string;
        name: string;
        fail?: boolean;
      }[]
    ).map((result) => [
      `${result.package.replace(/^data\./, '').replaceAll('.', '/')}/${result.name}`,
      result.fail !== true,
    ]),
  );
  const scratch = mkdtempSync(join(tmpdir(), 'sallyport-parity-'));
  try {
    const output = join(scratch, 'tests.tar.gz');
    const entrypoints = names.flatMap((name) => ['-e', name]);
    run('opa', source, ['build', '-t', 'wasm', '-b', '.', '--ignore', '.regal', ...entrypoints, '-o', output]);
    const files = await readArchive(readFileSync(output));
    const data = JSON.parse(Buffer.from(files.get('data.json')!).toString()) as Json;
    const engine = createEngine(files.get('policy.wasm')!, data);
    const different = names.filter((name) => passes(engine, name) !== native.get(name));
    if (different.length > 0 || native.size !== names.length) {
      throw new BuildFailed(`these tests differ between OPA and WASM: ${different.join(', ') || 'their number'}`);
    }
    return `${names.length} agree with opa test`;
  } finally {
    rmSync(scratch, { recursive: true });
  }
}

function passes(engine: ReturnType<typeof createEngine>, name: string): boolean {
  try {
    return engine.evaluate(name, {}) === true;
  } catch {
    return false;
  }
}

/** Entrypoint names of all test rules, read from the sources: `package x.y_test` and lines that begin with `test_`. */
function testRules(source: string): string[] {
  const names: string[] = [];
  for (const file of readdirSync(source, { recursive: true, encoding: 'utf8' }).sort()) {
    if (!file.endsWith('_test.rego')) continue;
    const text = readFileSync(join(source, file), 'utf8');
    const path = text.match(/^package (\S+)$/m)?.[1]?.replaceAll('.', '/');
    for (const [, rule] of text.matchAll(/^(test_\w+) /gm)) {
      const name = `${path}/${rule}`;
      if (names.includes(name))
        throw new BuildFailed(`${file}: two tests are called ${rule}; one would hide the other`);
      names.push(name);
    }
  }
  return names;
}
