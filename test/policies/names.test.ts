import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { checkNames } from '../../tools/policies/names.ts';
import { withProgram } from '../servers/gate.ts';

withProgram('opa', 'the names of a policy', () => {
  let source: string;
  beforeEach(() => {
    source = mkdtempSync(join(tmpdir(), 'sallyport-names-'));
  });
  afterEach(() => rmSync(source, { recursive: true }));

  const write = (path: string, text: string) => {
    mkdirSync(dirname(join(source, path)), { recursive: true });
    writeFileSync(join(source, path), text);
  };

  it('are fine in the policies that ship', () => {
    expect(() => checkNames(join(import.meta.dirname, '../../policies'))).not.toThrow();
  });

  it('are refused at a point that nobody asks, and in a set that nobody reads, all at once', () => {
    write('quiet/tooluse/tooluse.rego', 'package policies.quiet.tooluse\n\ndeny contains "x" if input.tool\n');
    write('quiet/request/request.rego', 'package policies.quiet.request\n\ndenies contains "x" if input.principal\n');
    expect(() => checkNames(source)).toThrow(
      [
        'quiet/request/request.rego:3: nobody reads "denies"; a policy adds to deny, require_approval, allow, mask or directive, a helper begins with _',
        'quiet/tooluse/tooluse.rego: nobody asks a package at "tooluse"; a policy is policies.<name>.<point> at request, chunk, tool_use or admin',
      ].join('\n'),
    );
  });

  it('of helpers and libraries are free', () => {
    write(
      'quiet/chunk/chunk.rego',
      'package policies.quiet.chunk\n\ndeny contains "x" if _long\n\n_long if input.text\n',
    );
    write('lib/words/words.rego', 'package lib.words\n\nmany := 5\n');
    expect(() => checkNames(source)).not.toThrow();
  });
});
