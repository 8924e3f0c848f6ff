import { describe, expect, test } from 'vitest';
import { importFaults, importsOf } from '../../tools/check/imports.ts';
import { projectFaults } from '../../tools/check/main.ts';
import { sizeFaults } from '../../tools/check/sizes.ts';

const tree = {
  'src/main.ts': '',
  'src/cli/serve.ts': '',
  'src/gateway.ts': '',
  'src/pipeline.ts': '',
  'src/mask/index.ts': '',
  'src/mask/plan.ts': '',
  'src/forward/index.ts': '',
  'src/store/index.ts': '',
  'src/store/worker.ts': '',
  'src/errors.ts': '',
  'src/model/body.ts': '',
  'src/sandbox/index.ts': '',
};

/** Faults of a small tree in which `path` has the given text. */
function faultsWith(path: string, text: string): string[] {
  return importFaults(new Map(Object.entries({ ...tree, [path]: text })), new Set(['koa', 'undici', '@scope/one']));
}

describe('the import rule', () => {
  test.each([
    ['src/main.ts', "import { serve } from './cli/serve.ts';"],
    ['src/cli/serve.ts', "import { mask } from '../mask/index.ts';"],
    ['src/gateway.ts', "import { way } from './pipeline.ts';\nimport '../package.json';"],
    ['src/mask/plan.ts', "import type { Body } from '../model/body.ts';\nimport { GatewayError } from '../errors.ts';"],
    ['src/mask/plan.ts', "import { open } from '../store/index.ts';\nimport { other } from './index.ts';"],
    ['src/forward/index.ts', "import { Pool } from 'undici';"],
    ['src/console/web/page.tsx', "import { render } from 'preact';"],
    ['src/console/generated/page.js', "import '../../attic.js';"],
    ['src/mask/index.ts', "import one from '@scope/one/deep';\nimport { join } from 'node:path';"],
  ])('allows in %s: %s', (path, text) => {
    expect(faultsWith(path, text)).toEqual([]);
  });

  test.each([
    ['src/mask/plan.ts', "import '../forward/index.ts';", 'rooms do not import each other: mask imports forward'],
    [
      'src/mask/plan.ts',
      "import type { A } from '../forward/index.ts';",
      'rooms do not import each other: mask imports forward',
    ],
    ['src/mask/plan.ts', "export * from '../pipeline.ts';", 'room must not import pipeline (pipeline)'],
    ['src/store/index.ts', "const it = await import('../mask/index.ts');", 'base must not import room (mask)'],
    ['src/model/body.ts', "import '../errors.ts';", 'model must not import base (errors)'],
    [
      'src/gateway.ts',
      "import {\n  plan,\n} from './mask/plan.ts';",
      'imports src/mask/plan.ts; the face of that room is its index.ts',
    ],
    [
      'src/mask/plan.ts',
      "import '../store/worker.ts';",
      'imports src/store/worker.ts; the face of that room is its index.ts',
    ],
    ['src/sandbox/index.ts', "import '../errors.ts';", 'the sandbox imports model only, not errors'],
    ['src/mask/plan.ts', "import { fetch } from 'undici';", 'only forward and outbound may import undici'],
    ['src/mask/plan.ts', "import { DatabaseSync } from 'node:sqlite';", 'only store may import node:sqlite'],
    [
      'src/mask/plan.ts',
      "import fc from 'fast-check';",
      'imports fast-check, which is not among the dependencies in package.json',
    ],
    [
      'src/mask/plan.ts',
      "import '../../test/mask/data.ts';",
      'imports test/mask/data.ts, which is not part of the program',
    ],
    ['src/mask/plan.ts', "import '../model/gone.ts';", 'imports src/model/gone.ts, which does not exist'],
    ['src/attic/index.ts', "import '../errors.ts';", 'attic is in no layer'],
  ])('refuses in %s: %s', (path, text, fault) => {
    expect(faultsWith(path, text)).toEqual([`${path}: ${fault}`]);
  });

  test('names files that import each other, for a type alone too', () => {
    const sources = {
      ...tree,
      'src/mask/index.ts': "export { plan } from './plan.ts';",
      'src/mask/plan.ts': "import type { Step } from './step.ts';",
      'src/mask/step.ts': "import { plan } from './plan.ts';",
    };
    expect(importFaults(new Map(Object.entries(sources)), new Set())).toEqual([
      'src/mask/plan.ts -> src/mask/step.ts -> src/mask/plan.ts: these files import each other',
    ]);
  });

  test('gives the riskiest packages a single importing file', () => {
    const sources = new Map([
      ['src/decide/a.ts', "import { loadPolicy } from '@open-policy-agent/opa-wasm';"],
      ['src/decide/b.ts', "import type { loadPolicy } from '@open-policy-agent/opa-wasm';"],
      ['src/outbound/a.ts', "import { Agent } from 'undici';"],
      ['src/outbound/b.ts', "import { buildConnector } from 'undici';"],
    ]);
    expect(importFaults(sources, new Set(['undici', '@open-policy-agent/opa-wasm']))).toEqual([
      'src/decide/a.ts, src/decide/b.ts: one file may import @open-policy-agent/opa-wasm, not 2',
    ]);
  });

  test('does not take a comment or a text for an import', () => {
    const text = `/* import a from 'a'; */\n// import 'b'\n * from 'c'\nexport const d = 'from';\nconst e = "e";\nexport function f() { return 'from "g"'; }`;
    expect(importsOf(text)).toEqual([]);
  });
});

test('a file longer than 400 lines is a fault unless it is generated', () => {
  const long = 'x\n'.repeat(401);
  const sources = new Map([
    ['src/a.ts', long],
    ['src/b.ts', 'x\n'.repeat(400)],
    ['src/bundle/generated/c.ts', long],
  ]);
  expect(sizeFaults(sources)).toEqual(['src/a.ts: 401 lines, at most 400; a file does one job']);
});

test('this checkout keeps the import rule and the size of files', () => {
  expect(projectFaults()).toEqual([]);
});
