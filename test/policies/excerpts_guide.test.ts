import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { run } from '../../tools/policies/opa.ts';
import { testParity } from '../../tools/policies/parity.ts';
import { withProgram } from '../servers/gate.ts';
import { guideFiles } from '../servers/guide.ts';

/* The policy that the guide about excerpts shows, laid over the project's own as an author would. */

withProgram('opa', 'the policy of the guide about excerpts', () => {
  let source: string;
  const files = guideFiles('text-excerpts.md');

  beforeAll(() => {
    source = join(mkdtempSync(join(tmpdir(), 'sallyport-guide-')), 'policies');
    cpSync(join(import.meta.dirname, '../../policies'), source, { recursive: true });
    for (const [name, text] of Object.entries(files)) {
      mkdirSync(dirname(join(source, name)), { recursive: true });
      writeFileSync(join(source, name), text);
    }
  });
  afterAll(() => rmSync(dirname(source), { recursive: true }));

  it('is whole', () => {
    expect(Object.keys(files)).toEqual([
      '.manifest',
      'wording/tool_use/tool_use.rego',
      'wording/tool_use/tool_use_test.rego',
    ]);
  });

  it('is formatted, and fits the published schemas', () => {
    run('opa', source, ['fmt', '--fail', '--list', 'wording']);
    run('opa', source, ['check', '--strict', '--capabilities', 'capabilities.json', '--schema', 'schemas', '-b', '.']);
  });

  it('passes its tests, on OPA and on WASM', async () => {
    expect(run('opa', source, ['test', '-b', '.'])).toMatch(/^PASS: \d+\/\d+\n$/);
    expect(await testParity(source)).toContain('agree with opa test');
  }, 60_000);

  withProgram('regal', 'the policy of the guide about excerpts', () => {
    it('is what the linter wants', () => {
      run('regal', source, ['lint', '.']);
    });
  });
});
