import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { afterAll, expect, test } from 'vitest';
import { parse } from 'yaml';
import { configCheck, configPrint, configSchemaCommand } from '../../src/cli/config.ts';

const folder = mkdtempSync(join(tmpdir(), 'sallyport-config-cli-'));
afterAll(() => rmSync(folder, { recursive: true }));

const file = join(folder, 'gateway.yaml');
writeFileSync(
  file,
  `identity: { development: true }
credential: { roles: { default: { source: static, secret: { env: KEY }, scheme: bearer } } }
`,
);
const env = { KEY: 'sk-ant-oat01-QUJD' };

function run(command: (output: PassThrough) => number): { code: number; text: string } {
  const output = new PassThrough();
  const code = command(output);
  return { code, text: String(output.read() ?? '') };
}

test('config check says that a file is fine, or lists its faults and fails', () => {
  expect(run((output) => configCheck({ config: file }, env, output))).toEqual({ code: 0, text: `${file} is fine\n` });
  const bad = run((output) => configCheck({ config: file }, {}, output));
  expect(bad.code).toBe(1);
  expect(bad.text).toContain(`one fault in ${file}\n  credential.roles.default.secret: that environment variable`);
});

test('config print shows defaults and overrides but no secret', () => {
  const { code, text } = run((output) =>
    configPrint({ config: file }, { ...env, SALLYPORT_LOG__LEVEL: 'warn' }, output),
  );
  expect(code).toBe(0);
  expect(parse(text)).toMatchObject({ log: { level: 'warn' }, limits: { drain_s: 30 } });
  expect(text).not.toContain(env.KEY);
});

test('config schema is a JSON Schema that names every top-level key', () => {
  const { code, text } = run(configSchemaCommand);
  expect(code).toBe(0);
  const schema = JSON.parse(text);
  expect(schema).toMatchObject({ type: 'object', additionalProperties: false, required: ['credential'] });
  expect(Object.keys(schema.properties)).toContain('identity');
});
