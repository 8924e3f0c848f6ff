import { promisify } from 'node:util';
import { gunzip, gzip } from 'node:zlib';
import type { Kysely } from 'kysely';
import { GatewayError } from '../errors.ts';
import type { Question } from '../model/approval.ts';
import type { JsonObject } from '../model/json.ts';
import { type Keys, makeDataKey, openPart, sealPart, unwrapDataKey } from '../seal/index.ts';
import { fingerprintOf } from './fingerprint.ts';
import type { ApprovalRow, Tables } from './tables.ts';

const context = 'approval content';
const pack = promisify(gzip);
const unpack = promisify(gunzip);

/** What an approver sees: exactly what the verdict is bound to, and the facts that policy saw. */
export interface Shown {
  readonly content: string;
  readonly facts: JsonObject;
}

/** Content of a question as it is stored: compressed, then sealed for its approval. */
export async function sealContent(
  keys: Keys,
  approval: string,
  question: Question,
): Promise<{ readonly wrapped: Uint8Array; readonly sealed: Uint8Array }> {
  const plain = await pack(JSON.stringify([question.bound.content, question.facts]));
  const { key, wrapped } = makeDataKey(keys.sealing, context);
  const sealed = sealPart(key, 0, Buffer.from(approval), plain);
  key.fill(0);
  return { wrapped, sealed };
}

/**
 * The content of an approval, null where it is not kept any more. Throws GatewayError INTERNAL where what is stored is
 * not what the fingerprint is of: nobody may be shown anything else.
 */
export async function readContent(query: Kysely<Tables>, keys: Keys, approval: ApprovalRow): Promise<Shown | null> {
  const row = await query
    .selectFrom('approval_content')
    .selectAll()
    .where('approval', '=', approval.id)
    .executeTakeFirst();
  if (!row) return null;
  try {
    const key = unwrapDataKey(keys.sealing, context, row.wrapped);
    const plain = await unpack(openPart(key, 0, Buffer.from(approval.id), row.sealed));
    key.fill(0);
    const [content, facts] = JSON.parse(plain.toString()) as [string, JsonObject];
    if (fingerprintOf(content) !== approval.fingerprint) throw new Error('another content than the fingerprint is of');
    return { content, facts };
  } catch (cause) {
    throw new GatewayError('INTERNAL', undefined, {
      detail: `the content of approval ${approval.id} is broken`,
      cause,
    });
  }
}
