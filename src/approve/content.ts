import { promisify } from 'node:util';
import { gunzip, gzip } from 'node:zlib';
import type { Kysely } from 'kysely';
import { GatewayError } from '../errors.ts';
import type { Question } from '../model/approval.ts';
import type { JsonObject } from '../model/json.ts';
import { type Keys, openOne, type Sealed, sealOne } from '../seal/index.ts';
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
export async function sealContent(keys: Keys, approval: string, question: Question): Promise<Sealed> {
  const plain = await pack(JSON.stringify([question.bound.content, question.facts]));
  return sealOne(keys.sealing, context, approval, plain);
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
    const plain = await unpack(openOne(keys.sealing, context, approval.id, row));
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
