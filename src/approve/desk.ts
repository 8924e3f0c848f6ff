import { GatewayError } from '../errors.ts';
import type { Actor } from '../model/admin.ts';
import type { AdminAction, Concerned, GrantScope } from '../model/approval.ts';
import type { ApprovalRequirement } from '../model/decision.ts';
import { RECENT_LOGIN_MS } from '../model/login.ts';
import type { Principal } from '../model/principal.ts';
import { unowned, whyBanned } from './ban.ts';
import { type Change, type Context, newId } from './context.ts';
import type { Changes } from './events.ts';
import { type Grants, giveGrant } from './grants.ts';
import { announcement } from './notice_body.ts';
import type { Questions } from './questions.ts';
import { mayDecide, met, narrowest, type Terms, termsOf } from './requirement.ts';
import type { ApprovalRow, DecisionRow } from './tables.ts';
import { openingHolds, provenApprovals, signVerdict } from './verdict.ts';

/** What a person says to an approval. */
export interface VerdictInput {
  readonly verdict: 'approve' | 'deny';
  readonly comment: string;
  /** The widest grant the person is willing to give; ignored for a denial. */
  readonly scope: GrantScope;
  /** The fingerprint of what the person was shown. */
  readonly fingerprint: string;
}

/** Where humans act. Every method asks policy, checks the bans, and changes by compare-and-set. */
export class Desk {
  readonly #context: Context;
  readonly #changes: Changes;
  readonly #questions: Questions;
  readonly #grants: Grants;

  constructor(context: Context, changes: Changes, questions: Questions, grants: Grants) {
    this.#context = context;
    this.#changes = changes;
    this.#questions = questions;
    this.#grants = grants;
  }

  /** The person behind a request of the admin API. Throws GatewayError PERSON_REQUIRED. */
  person(actor: Actor | null): Actor {
    if (actor === null) throw new GatewayError('PERSON_REQUIRED');
    return actor;
  }

  /**
   * Whether policy lets the person do this; `decisions` where they are read already. Throws GatewayError
   * APPROVAL_FORBIDDEN with policy's reasons.
   */
  async permit(
    actor: Actor,
    action: AdminAction,
    row: ApprovalRow,
    scope: GrantScope | null = null,
    decisions?: readonly DecisionRow[],
  ): Promise<void> {
    const concerned = this.#concerned(row, scope, decisions ?? (await this.#questions.decisionRows(row.id)));
    const decision = this.#context.mayAct(actor.principal, action, concerned);
    if (decision.effect === 'allow') return;
    const reasons = decision.reasons.map(({ id, message }) => (message === '' ? id : `${id}: ${message}`)).join('; ');
    throw forbidden(reasons === '' ? `policy does not allow you ${action}` : reasons);
  }

  /**
   * Records one person's verdict. One denial denies; an approval approves once all requirements are met. Throws
   * GatewayError APPROVAL_CONFLICT, APPROVAL_FORBIDDEN, LOGIN_NOT_RECENT, NOT_FOUND, ADMIN_INPUT.
   */
  async decide(actor: Actor, id: string, input: VerdictInput): Promise<ApprovalRow> {
    const row = await this.#pending(actor, id, input.fingerprint);
    this.#fresh(actor);
    this.#notBanned(actor.principal, row);
    const requirements = JSON.parse(row.requirements_json) as ApprovalRequirement[];
    const terms = termsOf(requirements, this.#context.config);
    if (!mayDecide(requirements, actor.principal)) throw forbidden('you are in none of the groups that are asked');
    if (input.verdict === 'approve' && !terms.scopes.includes(input.scope)) {
      throw new GatewayError('ADMIN_INPUT', `The scope may be ${terms.scopes.join(', ')} here, not ${input.scope}.`);
    }
    if (terms.reasonRequired && input.comment === '')
      throw new GatewayError('ADMIN_INPUT', 'A comment is required here.');
    await this.#permitVerdict(actor, 'approval.decide', row, input.scope);
    const released = await this.#changes.change(async (change) => {
      await this.#lock(change, row);
      const decision = await this.#record(change, actor, row, { ...input, terms, breakGlass: false });
      await change.event('approval.decided', row, {
        decision: decision.id,
        verdict: input.verdict,
        person: decision.person,
        scope: input.verdict === 'approve' ? input.scope : null,
        via: actor.via,
      });
      if (input.verdict === 'deny') {
        await this.#settle(change, row, 'denied', input.comment);
        await change.notice('approval.denied', row, {
          ...announcement(row),
          by: decision.person,
          comment: input.comment,
        });
        return false;
      }
      const rows = await this.#questions.decisionRows(id, change.tx);
      const proven = provenApprovals(this.#context.keys.verdicts, row, rows, this.#context.clock());
      if (!met(requirements, proven)) return false;
      const scope = narrowest(proven.map((approval) => approval.row.scope));
      await this.#approve(change, row, scope, this.#context.clock() + terms.grantMs, false, decision.person);
      return true;
    });
    if (released) await this.#release(row);
    return this.#again(id);
  }

  /**
   * Approves alone and at once, whatever is required: one short grant, a reason, a loud notice, and an item that
   * somebody else has to review. The bans hold here too. Throws as `decide`.
   */
  async breakGlass(actor: Actor, id: string, input: { readonly reason: string; readonly fingerprint: string }) {
    const row = await this.#pending(actor, id, input.fingerprint);
    this.#fresh(actor);
    this.#notBanned(actor.principal, row);
    if (input.reason.trim() === '') throw new GatewayError('ADMIN_INPUT', 'Breaking the glass takes a reason.');
    await this.#permitVerdict(actor, 'approval.break_glass', row, 'once');
    const requirements = JSON.parse(row.requirements_json) as ApprovalRequirement[];
    const terms = termsOf(requirements, this.#context.config);
    const now = this.#context.clock();
    const expiresAt = now + Math.min(terms.grantMs, this.#context.config.break_glass_s * 1000);
    await this.#changes.change(async (change) => {
      await this.#lock(change, row);
      const given = {
        verdict: 'approve',
        scope: 'once',
        comment: input.reason,
        fingerprint: input.fingerprint,
      } as const;
      const decision = await this.#record(change, actor, row, { ...given, terms, breakGlass: true });
      await change.tx
        .insertInto('approval_review')
        .values({ approval: id, opened_at: now, closed_at: null, reviewer_json: null, comment: null })
        .execute();
      await change.event('approval.break_glass', row, {
        decision: decision.id,
        person: decision.person,
        reason: input.reason,
        via: actor.via,
      });
      const body = { ...announcement(row), by: decision.person, reason: input.reason };
      await change.notice('approval.break_glass', row, body);
      await this.#approve(change, row, 'once', expiresAt, true, decision.person);
    });
    await this.#release(row);
    return this.#again(id);
  }

  /** Closes the review that a break-glass left: by a person who neither broke the glass nor asked. Throws as `decide`. */
  async review(actor: Actor, id: string, comment: string): Promise<void> {
    const row = await this.#found(actor, id);
    this.#fresh(actor);
    this.#notBanned(actor.principal, row);
    const decisions = await this.#questions.decisionRows(id);
    if (decisions.some((one) => one.break_glass === 1 && one.person === actor.principal.person)) {
      throw forbidden('you broke the glass yourself; another person has to review it');
    }
    if (comment.trim() === '') throw new GatewayError('ADMIN_INPUT', 'A review takes a comment.');
    await this.permit(actor, 'approval.review', row);
    await this.#changes.change(async (change) => {
      const closed = await change.tx
        .updateTable('approval_review')
        .set({ closed_at: this.#context.clock(), reviewer_json: JSON.stringify(actor.principal), comment })
        .where('approval', '=', id)
        .where('closed_at', 'is', null)
        .returning('approval')
        .executeTakeFirst();
      if (!closed) throw new GatewayError('APPROVAL_CONFLICT', 'There is no open review of this approval.');
      await change.event('approval.reviewed', row, { person: actor.principal.person, comment });
    });
  }

  /** Takes a pending question back: who asked may, and who policy lets. Throws as `decide`. */
  async cancel(actor: Actor, id: string, comment: string): Promise<ApprovalRow> {
    const row = await this.#pending(actor, id, null);
    if (!isBehind(actor.principal, row)) await this.permit(actor, 'approval.cancel', row);
    await this.#changes.change(async (change) => {
      await this.#lock(change, row);
      await this.#settle(change, row, 'cancelled', comment);
      await change.event('approval.cancelled', row, { person: actor.principal.person, comment });
      await change.notice('approval.cancelled', row, { ...announcement(row), by: actor.principal.person });
    });
    return this.#again(id);
  }

  /** Takes a grant back. One in flight goes on, but may not be used again. Throws as `decide`. */
  async revoke(actor: Actor, grantId: string, comment: string): Promise<ApprovalRow> {
    const grant = await this.#context.query
      .selectFrom('approval_grant')
      .select(['id', 'approval', 'state', 'expires_at'])
      .where('id', '=', grantId)
      .executeTakeFirst();
    if (!grant) throw new GatewayError('NOT_FOUND', 'There is no such grant.');
    const row = await this.#found(actor, grant.approval);
    if (!isBehind(actor.principal, row)) await this.permit(actor, 'grant.revoke', row);
    if (grant.state === 'approved' && grant.expires_at <= this.#context.clock()) {
      await this.#questions.expireGrant(row, grantId);
    }
    const revoked = await this.#changes.change((change) =>
      this.#grants.revoke(change, row, grantId, 'revoked', {
        person: actor.principal.person,
        comment,
      }),
    );
    if (!revoked) throw new GatewayError('APPROVAL_CONFLICT', 'The grant has ended already.');
    return row;
  }

  async #found(actor: Actor, id: string): Promise<ApprovalRow> {
    const row = await this.#questions.approvalRow(id);
    // Nobody learns what another tenant asks.
    if (!row || row.tenant !== actor.principal.tenant)
      throw new GatewayError('NOT_FOUND', 'There is no such approval.');
    return row;
  }

  async #pending(actor: Actor, id: string, fingerprint: string | null): Promise<ApprovalRow> {
    const row = await this.#found(actor, id);
    if (fingerprint !== null && fingerprint !== row.fingerprint) {
      throw new GatewayError('APPROVAL_CONFLICT', 'The fingerprint is not that of this approval; show it again.');
    }
    if (row.state !== 'pending') throw conflict(row.state);
    if (await this.#questions.expireIfDue(row)) throw conflict('expired');
    if (!openingHolds(this.#context.keys.verdicts, row)) {
      throw new GatewayError(
        'APPROVAL_CONFLICT',
        'The stored approval was changed by somebody else; it decides nothing.',
      );
    }
    return row;
  }

  /** Takes the lock of the row for the rest of the transaction, and makes sure that it is still to be decided. */
  async #lock(change: Change, row: ApprovalRow): Promise<void> {
    const locked = await change.tx
      .updateTable('approval')
      .set((set) => ({ version: set('version', '+', 1) }))
      .where('id', '=', row.id)
      .where('state', '=', 'pending')
      .where('expires_at', '>', this.#context.clock())
      .returning('id')
      .executeTakeFirst();
    if (!locked) throw conflict('settled by somebody else');
  }

  async #record(
    change: Change,
    actor: Actor,
    row: ApprovalRow,
    given: VerdictInput & { readonly terms: Terms; readonly breakGlass: boolean },
  ): Promise<DecisionRow> {
    const decision: Omit<DecisionRow, 'signature'> = {
      id: newId('dec'),
      approval: row.id,
      person: actor.principal.person!,
      approver_json: JSON.stringify(actor.principal),
      verdict: given.verdict,
      scope: given.scope,
      comment: given.comment,
      break_glass: given.breakGlass ? 1 : 0,
      at: this.#context.clock(),
      authenticated_at: actor.authenticatedAt,
      via: actor.via,
      // Others may decide until the question expires, and the grant lasts from then.
      expires_at: row.expires_at + given.terms.grantMs,
    };
    const signed = { ...decision, signature: signVerdict(this.#context.keys.verdicts, row, decision) };
    const recorded = await change.tx
      .insertInto('approval_decision')
      .values(signed)
      .onConflict((conflict) => {
        const twice = conflict.columns(['approval', 'person']);
        // Who has approved and breaks the glass goes further; the journal has both.
        return given.breakGlass ? twice.doUpdateSet(signed) : twice.doNothing();
      })
      .returning('id')
      .executeTakeFirst();
    if (!recorded) throw new GatewayError('APPROVAL_CONFLICT', 'You have decided on this approval already.');
    return signed;
  }

  async #approve(
    change: Change,
    row: ApprovalRow,
    scope: GrantScope,
    expiresAt: number,
    breakGlass: boolean,
    by: string,
  ): Promise<void> {
    await this.#settle(change, row, 'approved', null);
    await giveGrant(change, this.#context, row, { scope, expiresAt, breakGlass });
    await change.notice('approval.approved', row, { ...announcement(row), scope, by });
  }

  async #settle(
    change: Change,
    row: ApprovalRow,
    state: 'approved' | 'denied' | 'cancelled',
    comment: string | null,
  ): Promise<void> {
    await change.tx
      .updateTable('approval')
      .set({ state, settled_at: this.#context.clock(), comment: comment === '' ? null : comment })
      .where('id', '=', row.id)
      .where('state', '=', 'pending')
      .execute();
  }

  async #permitVerdict(actor: Actor, action: AdminAction, row: ApprovalRow, scope: GrantScope): Promise<void> {
    await this.permit(actor, action, row, scope);
    const requester = JSON.parse(row.requester_json) as Principal;
    if (unowned(requester)) await this.permit(actor, 'approval.decide_unowned', row, scope);
  }

  #notBanned(approver: Principal, row: ApprovalRow): void {
    const why = whyBanned(approver, JSON.parse(row.requester_json) as Principal);
    if (why !== null) throw forbidden(why);
  }

  #fresh({ authenticatedAt }: Actor): void {
    if (this.#context.clock() - authenticatedAt > RECENT_LOGIN_MS) throw new GatewayError('LOGIN_NOT_RECENT');
  }

  #concerned(row: ApprovalRow, scope: GrantScope | null, decisions: readonly DecisionRow[]): Concerned {
    const requirements = JSON.parse(row.requirements_json) as ApprovalRequirement[];
    return {
      requester: JSON.parse(row.requester_json) as Principal,
      approval: {
        rule_ids: JSON.parse(row.rules_json) as string[],
        action: row.action,
        scope,
        quorum: termsOf(requirements, this.#context.config).quorum,
        decisions: decisions.map(({ person, verdict }) => ({ person, verdict })),
      },
    };
  }

  async #release(row: ApprovalRow): Promise<void> {
    const marks = JSON.parse(row.releases_json) as string[];
    if (marks.length === 0) return;
    await this.#context.onReleased({ principal: JSON.parse(row.requester_json) as Principal, marks });
  }

  async #again(id: string): Promise<ApprovalRow> {
    return (await this.#questions.approvalRow(id))!;
  }
}

/** Whether the person asked, or owns the workload that asked. */
export function isBehind({ tenant, person }: Principal, row: ApprovalRow): boolean {
  const requester = JSON.parse(row.requester_json) as Principal;
  return person !== null && tenant === row.tenant && (requester.person === person || requester.owner === person);
}

function forbidden(why: string): GatewayError {
  return new GatewayError('APPROVAL_FORBIDDEN', `You may not do this: ${why}.`);
}

function conflict(state: string): GatewayError {
  return new GatewayError('APPROVAL_CONFLICT', `The approval is not pending any more: it is ${state}.`);
}
