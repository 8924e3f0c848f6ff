import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { bundleAlgorithms, bundleKeyFault } from '../seal/index.ts';
import type { Context } from './context.ts';
import { always, distinct, fault, pathFrom, publicFile, seconds } from './fields.ts';

const bundleKey = (context: Context) =>
  z
    .strictObject({
      kid: z.string().min(1).describe('Key id in the bundle’s signature.'),
      algorithm: z.enum(bundleAlgorithms).describe('The only algorithm accepted with this key.'),
      file: publicFile(context).describe('PEM file with the public key.'),
    })
    .superRefine(({ algorithm, file }, refinement) => {
      const pem = readable(file);
      const found = pem === null ? null : bundleKeyFault(pem, algorithm);
      if (found !== null) fault(refinement, found.message, found.hint, ['file']);
    });

/** The text of a file, or null where `publicFile` has said that there is none. */
function readable(file: string): string | null {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return null;
  }
}

/** Which bundle decides, and who may sign it. */
export const policy = (context: Context) =>
  z
    .strictObject({
      source: z
        .union([z.literal('builtin'), pathFrom(context)])
        .prefault('builtin')
        .describe('`builtin`, or a folder that is watched for signed bundles.'),
      keys: z.array(bundleKey(context)).default([]).describe('Keys that may sign bundles.'),
      scope: z.string().min(1).optional().describe('Scope that a bundle’s signature must have.'),
      max_staleness_s: seconds
        .optional()
        .describe('Refuse requests once the folder could not be read for this many seconds; absent: never.'),
    })
    .superRefine((value, refinement) => {
      distinct(value.keys, 'kid', refinement, ['keys'], 'Each key has an id of its own.');
      if (value.source === 'builtin' || value.source === undefined) return;
      const hint = 'A folder of bundles is trusted by signature only; `source: builtin` needs neither.';
      if (Array.isArray(value.keys) && value.keys.length === 0) fault(refinement, 'no key', hint, ['keys']);
      if (value.scope === undefined) fault(refinement, 'no scope', hint, ['scope']);
    }, always);
