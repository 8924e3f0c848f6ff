import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { builtin } from '../../src/bundle/generated/builtin.ts';
import { builtinUrl, contentOf, readArchive } from '../../src/bundle/index.ts';
import { contract, schemaText } from '../../src/decide/contract.ts';
import { loadPolicy } from '../../src/decide/index.ts';
import { refuseChange, withRelease } from '../../tools/policies/release.ts';
import { withProgram } from '../servers/gate.ts';

const root = join(import.meta.dirname, '../..');
const source = join(root, 'policies');
const json = (path: string) => JSON.parse(readFileSync(path, 'utf8'));

describe('the published schemas', () => {
  it.each(Object.keys(contract) as (keyof typeof contract)[])('say of %s what the gateway itself uses', (name) => {
    expect(readFileSync(join(source, 'schemas', `${name}.json`), 'utf8')).toBe(schemaText(name));
  });
});

describe('the committed bundle', () => {
  it('is the one this build trusts, and the release file says so', async () => {
    const content = contentOf(await readArchive(readFileSync(builtinUrl)));
    expect(content).toMatchObject({ bundle: builtin.bundle, version: builtin.version, revision: builtin.revision });
    const release = json(join(root, 'bundles', builtin.bundle, builtin.version, 'release.json'));
    const { bundleVersion: bundle_version, ...rest } = builtin;
    expect(release).toMatchObject({ ...rest, bundle_version });
  });

  it('holds the sources and the corpus of this checkout, and no tests', async () => {
    const files = await readArchive(readFileSync(builtinUrl));
    const names = readdirSync(source, { recursive: true, encoding: 'utf8' });
    const expected = names.filter((name) => name.endsWith('.rego') && !name.endsWith('_test.rego'));
    expect([...files.keys()].filter((name) => name.endsWith('.rego'))).toEqual(expected.sort());
    for (const name of names.filter((path) => path.startsWith('corpus/'))) {
      expect(Buffer.from(files.get(name)!).toString()).toBe(readFileSync(join(source, name), 'utf8'));
    }
  });

  it('passes its own corpus, whose inputs all fit their schemas', async () => {
    const content = contentOf(await readArchive(readFileSync(builtinUrl)));
    for (const { point, input } of content.corpus) expect(contract[point].parse(input)).toEqual(input);
    expect(loadPolicy(content).revision).toBe(builtin.revision);
  });

  it('is what every released channel says it is', () => {
    for (const { bundle, version, revision } of Object.values<{ [key: string]: string }>(
      json(join(root, 'bundles/channels.json')),
    )) {
      expect(json(join(root, 'bundles', bundle!, version!, 'release.json')).revision).toBe(revision);
    }
  });
});

describe('every rule', () => {
  it('of the sources that denies says what to do', () => {
    for (const name of readdirSync(source, { recursive: true, encoding: 'utf8' })) {
      if (!name.endsWith('.rego') || name.endsWith('_test.rego')) continue;
      const denials = readFileSync(join(source, name), 'utf8').match(/^deny contains \{.*$/gm) ?? [];
      for (const line of denials) expect(line, name).toMatch(/"id": ("[a-z-]+"|id), "message": (message|_\w+)/);
    }
  });
});

describe('a released version', () => {
  const content = { bundle: 'baseline', version: '1.0.0', revision: 'a', manifestVersion: 1 };
  const channels = withRelease({}, 'stable', content);

  it('may be built again, and other versions may be built beside it', () => {
    expect(() => refuseChange(content, channels)).not.toThrow();
    expect(() => refuseChange({ ...content, version: '1.0.1', revision: 'b' }, channels)).not.toThrow();
  });

  it('can never change', () => {
    expect(() => refuseChange({ ...content, revision: 'b' }, channels)).toThrow(
      'raise revision and metadata.bundle_version',
    );
  });
});

withProgram('opa', 'the policy build', () => {
  withProgram('regal', 'the policy build', () => {
    it('formats, checks, lints, tests and builds to the committed revision', () => {
      const output = execFileSync(process.execPath, [join(root, 'tools/policies/build.ts')], { encoding: 'utf8' });
      expect(output).toContain('agree with opa test');
      expect(output).toContain(`revision ${builtin.revision}`);
    }, 120_000);
  });
});
