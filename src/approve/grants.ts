import { GatewayError } from '../errors.ts';
import type { Claim, Dispatch, GrantScope, Held } from '../model/approval.ts';
import type { ApprovalRequirement } from '../model/decision.ts';
import type { JsonObject } from '../model/json.ts';
import { principalKey } from '../model/principal.ts';
import { type Change, type Context, newId } from './context.ts';
import type { Changes } from './events.ts';
import { met } from './requirement.ts';
import { grantOf } from './rows.ts';
import type { ApprovalRow, DecisionRow, GrantRow } from './tables.ts';
import { grantHolds, provenApprovals, signGrant } from './verdict.ts';

/** A grant may be taken so often in all, where its dispatch came to nothing. */
const DISPATCHES = 3;

/** Whether a grant is what this claim may use: for the exact content, or what the same rules ask about within its scope. */
export function isFor(grant: GrantRow, claim: Claim): boolean {
  if (grant.principal_key !== principalKey(claim.principal) || grant.action !== claim.action) return false;
  if (claim.maxTokens !== null && grant.max_tokens !== null && claim.maxTokens > grant.max_tokens) return false;
  if (grant.fingerprint !== null) return grant.fingerprint === claim.bound.fingerprint;
  if (grant.scope === 'session' && grant.conversation !== claim.conversation) return false;
  const rules = JSON.parse(grant.rules_json) as string[];
  return claim.reasons.length > 0 && claim.reasons.every(({ id }) => rules.includes(id));
}

/**
 * Whether verdicts that hold stand behind a grant, and meet what is required now. `broken` where signatures do not
 * hold: somebody else wrote in the tables.
 */
export function provenGrant(
  context: Context,
  proof: { readonly approval: ApprovalRow; readonly decisions: readonly DecisionRow[]; readonly grant: GrantRow },
  requirements: readonly ApprovalRequirement[],
): 'enough' | 'not_enough' | 'broken' {
  const { approval, decisions, grant } = proof;
  const key = context.keys.verdicts;
  if (grant.approval !== approval.id || !grantHolds(key, grant)) return 'broken';
  const approvals = provenApprovals(key, approval, decisions, context.clock()).filter(
    ({ row }) => grant.expires_at <= row.expires_at,
  );
  const opened = JSON.parse(approval.requirements_json) as ApprovalRequirement[];
  if (!met(opened, approvals)) return 'broken';
  return met(requirements, approvals) ? 'enough' : 'not_enough';
}

/** The grant that follows from an approval; `expiresAt` is epoch milliseconds. */
export async function giveGrant(
  change: Change,
  context: Context,
  approval: ApprovalRow,
  terms: { readonly scope: GrantScope; readonly expiresAt: number; readonly breakGlass: boolean },
): Promise<GrantRow> {
  const { scope } = terms;
  const given = {
    id: newId('grt'),
    approval: approval.id,
    parent: null,
    scope,
    action: approval.action,
    fingerprint: scope === 'once' ? approval.fingerprint : null,
    principal_key: approval.principal_key,
    conversation: approval.conversation,
    rules_json: approval.rules_json,
    max_tokens: approval.max_tokens,
    break_glass: terms.breakGlass ? (1 as const) : (0 as const),
    created_at: context.clock(),
    expires_at: terms.expiresAt,
  };
  const row = fresh(context, given, scope === 'once' ? 1 : context.config.grant_uses);
  await change.tx.insertInto('approval_grant').values(row).execute();
  return row;
}

/** Takes, settles and takes back grants: every transition is a compare-and-set in the shared store. */
export class Grants {
  readonly #context: Context;
  readonly #changes: Changes;
  /** Settlements that the store did not take. */
  readonly #unsettled = new Map<string, () => Promise<void>>();

  constructor(context: Context, changes: Changes) {
    this.#context = context;
    this.#changes = changes;
  }

  /** Takes the grant for an exchange; null where it cannot be had any more. The proof was checked by the caller. */
  async take(approval: ApprovalRow, grant: GrantRow, claim: Claim, exchange: string): Promise<Held | null> {
    const id = grant.fingerprint === null ? newId('grt') : grant.id;
    const taking = this.#changes.change((change) =>
      grant.fingerprint === null
        ? this.#takeOneUse(change, approval, grant, claim, { id, exchange })
        : this.#takeWhole(change, approval, grant, exchange),
    );
    const taken = await taking.catch((thrown) => {
      // The store may have taken it and not said so; nothing is sent, so it is given back once the store answers.
      if (thrown instanceof GatewayError)
        this.#unsettled.set(id, () => this.settle(approval, id, exchange, 'not_sent'));
      throw thrown;
    });
    return taken === null ? null : this.#held(approval, taken, exchange);
  }

  async #takeWhole(change: Change, approval: ApprovalRow, grant: GrantRow, exchange: string): Promise<GrantRow | null> {
    const { clock, store } = this.#context;
    const now = clock();
    const taken = await change.tx
      .updateTable('approval_grant')
      .set((set) => ({
        state: 'in_flight',
        node: store.node,
        exchange,
        taken_at: now,
        dispatches: set('dispatches', '+', 1),
      }))
      .where('id', '=', grant.id)
      .where('state', '=', 'approved')
      .where('expires_at', '>', now)
      .returningAll()
      .executeTakeFirst();
    if (!taken) return null;
    await change.event('grant.taken', approval, { grant: taken.id, scope: taken.scope, exchange }, exchange);
    return taken;
  }

  /** One use of a wider grant is a grant of its own, for the exact content. */
  async #takeOneUse(
    change: Change,
    approval: ApprovalRow,
    parent: GrantRow,
    claim: Claim,
    { id, exchange }: { readonly id: string; readonly exchange: string },
  ): Promise<GrantRow | null> {
    const { clock, store } = this.#context;
    const now = clock();
    const left = await change.tx
      .updateTable('approval_grant')
      .set((set) => ({ uses_left: set('uses_left', '-', 1) }))
      .where('id', '=', parent.id)
      .where('state', '=', 'approved')
      .where('expires_at', '>', now)
      .where('uses_left', '>', 0)
      .returning('uses_left')
      .executeTakeFirst();
    if (!left) return null;
    const given = givenOf(parent);
    const child: GrantRow = {
      ...fresh(
        this.#context,
        { ...given, id, parent: parent.id, fingerprint: claim.bound.fingerprint, created_at: now },
        1,
      ),
      state: 'in_flight',
      node: store.node,
      exchange,
      taken_at: now,
      dispatches: 1,
    };
    await change.tx.insertInto('approval_grant').values(child).execute();
    await change.event(
      'grant.taken',
      approval,
      { grant: child.id, parent: parent.id, scope: parent.scope, fingerprint: claim.bound.fingerprint, exchange },
      exchange,
    );
    if (left.uses_left === 0) {
      await change.tx
        .updateTable('approval_grant')
        .set({ state: 'spent', settled_at: now, ended: 'uses' })
        .where('id', '=', parent.id)
        .execute();
      await change.event('grant.spent', approval, { grant: parent.id, ended: 'uses' });
    }
    return child;
  }

  #held(approval: ApprovalRow, row: GrantRow, exchange: string): Held {
    let settled = false;
    return {
      grant: grantOf(row),
      stands: async () => {
        const now = await this.#context.query
          .selectFrom('approval_grant')
          .select(['state', 'exchange', 'revoked_at'])
          .where('id', '=', row.id)
          .executeTakeFirst();
        return now?.state === 'in_flight' && now.exchange === exchange && now.revoked_at === null;
      },
      settle: async (dispatch) => {
        if (settled) return;
        settled = true;
        const settle = () => this.settle(approval, row.id, exchange, dispatch);
        try {
          await settle();
        } catch (thrown) {
          if (thrown instanceof GatewayError) this.#unsettled.set(row.id, settle);
          throw thrown;
        }
      },
    };
  }

  /** Settles what an exchange of this node holds; nothing where it holds it no more. */
  async settle(approval: ApprovalRow, id: string, exchange: string, dispatch: Dispatch): Promise<void> {
    await this.#changes.change(async (change) => {
      for (;;) {
        const row = await change.tx
          .selectFrom('approval_grant')
          .selectAll()
          .where('id', '=', id)
          .where('state', '=', 'in_flight')
          .where('exchange', '=', exchange)
          .where('node', '=', this.#context.store.node)
          .executeTakeFirst();
        if (!row) return;
        // A revocation came between reading and writing: it is read the next time.
        if (await this.finish(change, approval, row, dispatch, dispatch === 'delivered' ? 'delivered' : null)) return;
      }
    });
  }

  /** Ends `in_flight` by compare-and-set: the grant is spent, or goes back to what it may still be. */
  async finish(
    change: Change,
    approval: ApprovalRow,
    row: GrantRow,
    dispatch: Dispatch,
    ended: string | null,
  ): Promise<boolean> {
    const now = this.#context.clock();
    const to = dispatch === 'delivered' ? ({ state: 'spent', ended } as const) : returned(row, now);
    const held = to.state === 'approved' ? { node: null, exchange: null, taken_at: null } : { settled_at: now };
    const result = await change.tx
      .updateTable('approval_grant')
      .set({ ...to, ...held })
      .where('id', '=', row.id)
      .where('state', '=', 'in_flight')
      .where('exchange', '=', row.exchange)
      .where('dispatches', '=', row.dispatches)
      .where((where) =>
        // A revocation that came meanwhile decides what it goes back to.
        row.revoked_at === null && to.state === 'approved' ? where('revoked_at', 'is', null) : where.lit(true),
      )
      .executeTakeFirst();
    if (result.numUpdatedRows === 0n) return false;
    const kind =
      to.state === 'approved'
        ? 'grant.returned'
        : (`grant.${to.state}` as 'grant.spent' | 'grant.revoked' | 'grant.expired');
    await change.event(kind, approval, { grant: row.id, dispatch, ended: to.ended }, row.exchange);
    return true;
  }

  /** Takes a grant back: unused ones end now, one in flight may not be used again. False where it had ended. */
  async revoke(
    change: Change,
    approval: ApprovalRow,
    id: string,
    ended: 'revoked' | 'superseded',
    by: JsonObject = {},
  ): Promise<boolean> {
    const now = this.#context.clock();
    const ids = [id];
    const children = await change.tx.selectFrom('approval_grant').select('id').where('parent', '=', id).execute();
    ids.push(...children.map((child) => child.id));
    const flagged = await change.tx
      .updateTable('approval_grant')
      .set({ revoked_at: now })
      .where('id', 'in', ids)
      .where('state', 'in', ['approved', 'in_flight'])
      .where('revoked_at', 'is', null)
      .returning(['id', 'state'])
      .execute();
    const unused = flagged.filter((row) => row.state === 'approved').map((row) => row.id);
    if (unused.length > 0) {
      await change.tx
        .updateTable('approval_grant')
        .set({ state: 'revoked', settled_at: now, ended })
        .where('id', 'in', unused)
        .where('state', '=', 'approved')
        .execute();
    }
    for (const row of flagged) {
      const inFlight = row.state === 'in_flight';
      await change.event('grant.revoked', approval, { grant: row.id, ended, in_flight: inFlight, ...by });
    }
    return flagged.length > 0;
  }

  /** Tries again what the store did not take. Rejects where it still does not. */
  async settleLate(): Promise<void> {
    for (const [id, settle] of this.#unsettled) {
      await settle();
      this.#unsettled.delete(id);
    }
  }
}

function returned(row: GrantRow, now: number): Pick<GrantRow, 'state' | 'ended'> {
  if (row.revoked_at !== null) return { state: 'revoked', ended: 'revoked' };
  if (row.dispatches >= DISPATCHES) return { state: 'spent', ended: 'dispatches' };
  return row.expires_at <= now ? { state: 'expired', ended: null } : { state: 'approved', ended: null };
}

type Given = Parameters<typeof signGrant>[1];

function givenOf(row: GrantRow): Given {
  const { id, approval, parent, scope, action, fingerprint, principal_key, conversation, rules_json } = row;
  const { max_tokens, break_glass, created_at, expires_at } = row;
  return {
    ...{ id, approval, parent, scope, action, fingerprint, principal_key, conversation, rules_json },
    ...{ max_tokens, break_glass, created_at, expires_at },
  };
}

function fresh(context: Context, given: Given, uses: number): GrantRow {
  return {
    ...given,
    signature: signGrant(context.keys.verdicts, given),
    state: 'approved',
    uses_left: uses,
    node: null,
    exchange: null,
    dispatches: 0,
    taken_at: null,
    settled_at: null,
    revoked_at: null,
    ended: null,
  };
}
