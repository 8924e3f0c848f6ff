import { readFileSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { z } from 'zod';
import { Secret } from '../model/secret.ts';
import type { Context } from './context.ts';
import { fault } from './fields.ts';

const sizeLimit = 65_536;

/** Values that stand in examples: a gateway that starts with one would be open to everybody who read the page. */
const example =
  /^(change[-_ ]?(me|it|this)|secret|password|passw0rd|example|dummy|test|token|root|placeholder|<.*>|\$\{.*\}|x{3,}|\*{3,}|(sk-ant-.*)?(\.\.\.|…|x{4,}|example|your[-_ ].*|.*[-_ ]here))$/i;

/**
 * A secret, given only as `{file: path}` or `{env: NAME}`, read while the configuration is checked. One line break at
 * the end is dropped. Refused: an unreadable, too large or empty source, a file that group or world may read, and
 * values known from examples.
 */
export const secretFrom = (context: Context) =>
  z
    .strictObject({
      file: z.string().min(1).optional().describe('File that holds the secret, readable by its owner only.'),
      env: z.string().min(1).optional().describe('Name of the environment variable that holds the secret.'),
    })
    .transform((source, refinement) => {
      const value = readSource(source, context, refinement);
      if (value === null) return z.NEVER;
      if (value === '') {
        fault(refinement, 'the secret is empty', 'Put the secret there, alone on its line.');
        return z.NEVER;
      }
      if (example.test(value)) {
        fault(refinement, 'the secret is one from an example', 'Put a real secret there.');
        return z.NEVER;
      }
      return new Secret(value, source.file === undefined ? null : resolve(context.directory, source.file));
    });

type Source = { readonly file?: string | undefined; readonly env?: string | undefined };

function readSource(source: Source, context: Context, refinement: z.RefinementCtx): string | null {
  if ((source.file === undefined) === (source.env === undefined)) {
    fault(refinement, 'not one of {file: …} and {env: …}', 'A secret is never written into the configuration itself.');
    return null;
  }
  if (source.env !== undefined) {
    const value = context.env[source.env];
    if (value === undefined) {
      fault(refinement, 'that environment variable is not set', 'Set it for the gateway process, or use {file: …}.');
      return null;
    }
    return value;
  }
  return readSecretFile(resolve(context.directory, source.file ?? ''), refinement);
}

function readSecretFile(path: string, refinement: z.RefinementCtx): string | null {
  try {
    const stat = statSync(path);
    if (!stat.isFile()) {
      fault(refinement, 'not a file', 'Name a regular file that holds the secret alone.');
      return null;
    }
    if (process.platform !== 'win32' && (stat.mode & 0o077) !== 0) {
      fault(refinement, 'group or world may read or write the file', 'Make it owner-only: chmod 600, or 400.');
      return null;
    }
    if (stat.size > sizeLimit) {
      fault(refinement, 'the file is larger than 64 KiB', 'Name a file that holds the secret alone.');
      return null;
    }
    return readFileSync(path, 'utf8').replace(/\r?\n$/, '');
  } catch (thrown) {
    const code = thrown instanceof Error && 'code' in thrown ? String(thrown.code) : 'error';
    fault(
      refinement,
      `the file cannot be read (${code})`,
      'A relative path starts at the folder of the configuration file.',
    );
    return null;
  }
}
