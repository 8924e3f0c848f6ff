import { GatewayError } from '../errors.ts';
import type { Question, Standing } from '../model/approval.ts';
import type { ApprovalRequirement } from '../model/decision.ts';
import { principalKey } from '../model/principal.ts';
import { sealContent } from './content.ts';
import { type Change, type Context, newId } from './context.ts';
import type { Changes } from './events.ts';
import { type Grants, isFor, provenGrant } from './grants.ts';
import { announcement } from './notice_body.ts';
import { termsOf } from './requirement.ts';
import { approvalOf, grantOf } from './rows.ts';
import type { ApprovalRow, DecisionRow, GrantRow } from './tables.ts';
import { openingHolds, signOpening } from './verdict.ts';

/** A question asked at the same moment by others is found within a few rounds; more means that something is wrong. */
const ROUNDS = 8;

/** Finds, opens and ends questions. */
export class Questions {
  readonly #context: Context;
  readonly #changes: Changes;
  readonly #grants: Grants;

  constructor(context: Context, changes: Changes, grants: Grants) {
    this.#context = context;
    this.#changes = changes;
    this.#grants = grants;
  }

  /** See `Approvals.ask`. */
  async ask(question: Question): Promise<Standing> {
    for (let round = 0; round < ROUNDS; round++) {
      const found = await this.look(question, 'asking');
      if (found) return found;
      await this.#requireRoom(question);
      const opened = await this.#open(question);
      if (opened) return { state: 'pending', approval: this.#shown(opened) };
    }
    throw new GatewayError('STATE_UNAVAILABLE', undefined, { detail: 'a question could neither be found nor opened' });
  }

  /** See `Approvals.look`. Who only looks ends no question that does not fit its own. */
  async look(question: Question, mode: 'looking' | 'asking' = 'looking'): Promise<Standing | null> {
    const { query, clock, config } = this.#context;
    const key = principalKey(question.principal);
    const rows = await query
      .selectFrom('approval')
      .selectAll()
      .where('fingerprint', '=', question.bound.fingerprint)
      .where('principal_key', '=', key)
      .where('state', 'in', ['pending', 'denied'])
      .orderBy('opened_at', 'desc')
      .limit(4)
      .execute();
    const pending = rows.find((row) => row.state === 'pending');
    const denied = rows.find(
      (row) => row.state === 'denied' && (row.settled_at ?? 0) > clock() - config.denial_s * 1000,
    );
    if (denied && openingHolds(this.#context.keys.verdicts, denied)) {
      return { state: 'denied', approval: this.#shown(denied) };
    }
    const granted = await this.#granted(question, key, mode);
    if (granted) return granted;
    if (!pending) return null;
    if (await this.expireIfDue(pending)) return null;
    const fits = (question.maxTokens ?? 0) <= (pending.max_tokens ?? Number.POSITIVE_INFINITY);
    if (fits && openingHolds(this.#context.keys.verdicts, pending)) {
      return { state: 'pending', approval: this.#shown(pending) };
    }
    if (mode === 'asking')
      await this.supersede(pending.id, fits ? 'its row was changed' : 'more max_tokens are asked for');
    return null;
  }

  /** A grant that this question may use, or whose holder it may join. */
  async #granted(question: Question, key: string, mode: 'looking' | 'asking'): Promise<Standing | null> {
    const rows = await this.#context.query
      .selectFrom('approval_grant')
      .selectAll()
      .where('principal_key', '=', key)
      .where('state', 'in', ['approved', 'in_flight'])
      .where((where) =>
        where.or([where('fingerprint', '=', question.bound.fingerprint), where('fingerprint', 'is', null)]),
      )
      .orderBy('created_at')
      .execute();
    let held: Standing | null = null;
    // The exact ones first: they are there for nothing else.
    const exactFirst = rows.toSorted((a, b) => Number(a.fingerprint === null) - Number(b.fingerprint === null));
    for (const grant of exactFirst) {
      if (!isFor(grant, question) || grant.revoked_at !== null) continue;
      const approval = await this.approvalRow(grant.approval);
      if (!approval) continue;
      if (grant.state === 'in_flight') {
        held ??= { state: 'in_use', approval: this.#shown(approval), grant: grantOf(grant) };
        continue;
      }
      if (await this.#expireGrantIfDue(approval, grant)) continue;
      const decisions = await this.decisionRows(approval.id);
      const proof = provenGrant(this.#context, { approval, decisions, grant }, question.requirements);
      if (proof === 'enough') return { state: 'granted', approval: this.#shown(approval), grant: grantOf(grant) };
      const why = proof === 'broken' ? 'its signatures do not hold' : 'its verdicts do not meet what is required now';
      if (proof === 'broken' || (mode === 'asking' && grant.fingerprint !== null))
        await this.supersede(approval.id, why);
    }
    return held;
  }

  /** Throws GatewayError OVERLOADED where a caller has as many open questions as it may: nobody else's are buried. */
  async #requireRoom({ principal }: Question): Promise<void> {
    const { query, clock, config } = this.#context;
    const rows = await query
      .selectFrom('approval')
      .select('id')
      .where('state', '=', 'pending')
      .where('principal_key', '=', principalKey(principal))
      .where('expires_at', '>', clock())
      .limit(config.pending_most_per_caller)
      .execute();
    if (rows.length === config.pending_most_per_caller)
      throw new GatewayError('OVERLOADED', 'too many questions of one caller are open');
  }

  /** Opens the question; null where somebody else did so just now. */
  async #open(question: Question): Promise<ApprovalRow | null> {
    const { clock, config, keys } = this.#context;
    const now = clock();
    const terms = termsOf(question.requirements, config);
    const id = newId('apr');
    const opening = {
      id,
      kind: question.bound.kind,
      fingerprint: question.bound.fingerprint,
      principal_key: principalKey(question.principal),
      tenant: question.principal.tenant,
      conversation: question.conversation,
      exchange: question.exchange,
      action: question.action,
      summary: question.summary.slice(0, 200),
      requester_json: JSON.stringify(question.principal),
      requirements_json: JSON.stringify(question.requirements),
      reasons_json: JSON.stringify(question.reasons),
      policy_json: JSON.stringify(question.policy),
      rules_json: JSON.stringify([...new Set(question.reasons.map((reason) => reason.id))].sort()),
      releases_json: JSON.stringify(question.releases),
      max_tokens: question.maxTokens,
      opened_at: now,
      expires_at: now + terms.expiresMs,
    };
    const row: ApprovalRow = {
      ...opening,
      state: 'pending',
      settled_at: null,
      comment: null,
      signature: signOpening(keys.verdicts, opening),
      version: 1,
    };
    const content = await sealContent(keys, id, question);
    return this.#changes.change(async (change) => {
      const opened = await change.tx
        .insertInto('approval')
        .values(row)
        .onConflict((conflict) => conflict.doNothing())
        .returning('id')
        .executeTakeFirst();
      if (!opened) return null;
      await change.tx
        .insertInto('approval_content')
        .values({ approval: id, ...content, at: now })
        .execute();
      await change.event('approval.opened', row, {
        requirements: question.requirements as never,
        expires_at: iso(row.expires_at),
      });
      await change.notice('approval.opened', row, announcement(row));
      return row;
    });
  }

  /** Ends a pending question, or one whose grant was not used up, because something else is asked now. */
  async supersede(id: string, why: string): Promise<void> {
    const now = this.#context.clock();
    await this.#changes.change(async (change) => {
      const row = await change.tx
        .updateTable('approval')
        .set((set) => ({ version: set('version', '+', 1) }))
        .where('id', '=', id)
        .where('state', 'in', ['pending', 'approved'])
        .returningAll()
        .executeTakeFirst();
      if (!row) return;
      const grants = await change.tx
        .selectFrom('approval_grant')
        .select(['id', 'parent'])
        .where('approval', '=', id)
        .where('state', 'in', ['approved', 'in_flight'])
        .execute();
      // What was approved and used stays approved in the books.
      if (row.state === 'approved' && grants.length === 0) return;
      for (const grant of grants) await this.#grants.revoke(change, row, grant.id, 'superseded');
      await change.tx
        .updateTable('approval')
        .set({ state: 'superseded', settled_at: now, comment: why })
        .where('id', '=', id)
        .execute();
      await change.event('approval.superseded', row, { why });
      await change.notice('approval.superseded', row, { ...announcement(row), why });
    });
  }

  /** Where an approval stands now. Throws GatewayError NOT_FOUND. */
  async standing(id: string): Promise<Standing> {
    const row = await this.approvalRow(id);
    if (!row) throw new GatewayError('NOT_FOUND', 'There is no such approval.');
    if (row.state === 'pending' && (await this.expireIfDue(row))) return this.standing(id);
    const approval = this.#shown(row);
    if (row.state !== 'approved') return { state: row.state, approval };
    const grants = await this.#context.query
      .selectFrom('approval_grant')
      .selectAll()
      .where('approval', '=', id)
      .where('state', 'in', ['approved', 'in_flight'])
      .where('parent', 'is', null)
      .execute();
    const usable = grants.find((grant) => grant.state === 'approved');
    if (usable && !(await this.#expireGrantIfDue(row, usable))) {
      const proof = provenGrant(
        this.#context,
        { approval: row, decisions: await this.decisionRows(id), grant: usable },
        approval.requirements,
      );
      if (proof === 'enough') return { state: 'granted', approval, grant: grantOf(usable) };
      await this.supersede(id, 'its signatures do not hold');
      return this.standing(id);
    }
    const held = grants.find((grant) => grant.state === 'in_flight');
    return held ? { state: 'in_use', approval, grant: grantOf(held) } : { state: 'used', approval };
  }

  /** Whether the recorded verdicts of an approval meet these requirements. */
  async meets(id: string, requirements: readonly ApprovalRequirement[]): Promise<boolean> {
    const approval = await this.approvalRow(id);
    if (approval?.state !== 'approved') return false;
    const decisions = await this.decisionRows(id);
    const grant = await this.mainGrant(id);
    return grant !== null && provenGrant(this.#context, { approval, decisions, grant }, requirements) === 'enough';
  }

  /** Expires a pending question whose time is over; whether it is over. */
  async expireIfDue(row: ApprovalRow): Promise<boolean> {
    const now = this.#context.clock();
    if (now < row.expires_at) return false;
    await this.#changes.change(async (change) => {
      const expired = await change.tx
        .updateTable('approval')
        .set((set) => ({ state: 'expired', settled_at: now, version: set('version', '+', 1) }))
        .where('id', '=', row.id)
        .where('state', '=', 'pending')
        .returning('id')
        .executeTakeFirst();
      if (!expired) return;
      await change.event('approval.expired', row, {});
      await change.notice('approval.expired', row, announcement(row));
    });
    return true;
  }

  /** Expires an unused grant whose time is over; whether it is over. */
  async #expireGrantIfDue(approval: ApprovalRow, grant: GrantRow): Promise<boolean> {
    if (this.#context.clock() < grant.expires_at) return false;
    await this.expireGrant(approval, grant.id);
    return true;
  }

  /** Expires an unused grant. */
  async expireGrant(approval: ApprovalRow, id: string): Promise<void> {
    const now = this.#context.clock();
    await this.#changes.change(async (change) => {
      const expired = await change.tx
        .updateTable('approval_grant')
        .set({ state: 'expired', settled_at: now })
        .where('id', '=', id)
        .where('state', '=', 'approved')
        .returning('id')
        .executeTakeFirst();
      if (expired) await change.event('grant.expired', approval, { grant: id });
    });
  }

  async approvalRow(id: string): Promise<ApprovalRow | null> {
    const row = await this.#context.query.selectFrom('approval').selectAll().where('id', '=', id).executeTakeFirst();
    return row ?? null;
  }

  async decisionRows(id: string, query: Change['tx'] | Context['query'] = this.#context.query): Promise<DecisionRow[]> {
    return query.selectFrom('approval_decision').selectAll().where('approval', '=', id).orderBy('at').execute();
  }

  /** The grant that the approval came to, whatever became of it. */
  async mainGrant(id: string): Promise<GrantRow | null> {
    const row = await this.#context.query
      .selectFrom('approval_grant')
      .selectAll()
      .where('approval', '=', id)
      .where('parent', 'is', null)
      .executeTakeFirst();
    return row ?? null;
  }

  #shown(row: ApprovalRow) {
    return approvalOf(row, this.#context.consoleUrl());
  }
}

function iso(ms: number): string {
  return new Date(ms).toISOString();
}
