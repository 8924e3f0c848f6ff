import type { AdminRoute } from '../model/admin.ts';
import type { Approvals, MayAct, Released, Standing, Traces } from '../model/approval.ts';
import type { ApprovalRequirement } from '../model/decision.ts';
import type { Journal } from '../model/event.ts';
import type { Outbound } from '../outbound/index.ts';
import type { Keys } from '../seal/index.ts';
import type { Store } from '../store/index.ts';
import { Concerns } from './concern.ts';
import type { Context, DeskConfig } from './context.ts';
import { Desk } from './desk.ts';
import { createChanges } from './events.ts';
import { Grants, isFor, provenGrant } from './grants.ts';
import { Notices } from './notices.ts';
import { Questions } from './questions.ts';
import { approvalRoutes } from './routes.ts';
import { Sweeper } from './sweep.ts';
import { migrations, type Tables } from './tables.ts';
import { Waiters } from './waiters.ts';

export interface ApprovalsOptions {
  readonly store: Store;
  readonly keys: Keys;
  readonly config: DeskConfig;
  /** Address of the console as approvers reach it, without a slash at the end, or null. */
  readonly consoleUrl?: () => string | null;
  /** The policy point `sallyport/admin`. */
  readonly mayAct: MayAct;
  /** The audit journal of this node. */
  readonly journal: Pick<Journal, 'append'>;
  readonly outbound: Outbound;
  /** What an exchange of this node left in the journal before the last start. */
  readonly traces: Traces;
  /** A human approved these texts. */
  readonly onReleased?: (released: Released) => void | Promise<void>;
  /** A notice could not be delivered, and is given up where `dead`. `fault` holds no content. */
  readonly onNoticeFault?: (channel: string, fault: string, dead: boolean) => void;
  /** Epoch milliseconds. */
  readonly clock?: () => number;
  /** Milliseconds between two looks of those who wait. Default 1,000. */
  readonly pollMs?: number;
  /** Milliseconds between two sweeps. Default 5,000. */
  readonly sweepMs?: number;
}

/** The approvals of a gateway, with their part of the admin API. */
export interface ApprovalDesk extends Approvals {
  readonly routes: readonly AdminRoute[];
  /** How many wait, for metrics. */
  readonly waiting: number;
  /** Expires, settles and clears what is due, now. Otherwise every `sweepMs`. */
  sweep(): Promise<void>;
}

/**
 * Opens the approvals: makes their tables, settles the grants that this node held when it died, and starts to sweep and
 * to notify. Rejects with `StartError` where the tables cannot be made or the keys are not those of the fleet.
 */
export async function openApprovals(options: ApprovalsOptions): Promise<ApprovalDesk> {
  const { store, keys } = options;
  for (const name of ['sealing', 'keyed_hash', 'verdicts'] as const) {
    await store.agree(`the ${name.replace('_', '-')} key`, keys.ids[name]);
  }
  await store.migrate('approve', migrations);
  const context: Context = {
    store,
    query: store.query<Tables>(),
    keys,
    config: options.config,
    consoleUrl: options.consoleUrl ?? (() => null),
    mayAct: options.mayAct,
    journal: options.journal,
    onReleased: options.onReleased ?? (() => undefined),
    clock: options.clock ?? Date.now,
  };
  const changes = createChanges(context);
  const grants = new Grants(context, changes);
  const questions = new Questions(context, changes, grants);
  const desk = new Desk(context, changes, questions, grants);
  const sweeper = new Sweeper(context, changes, questions, grants);
  await sweeper.settleOwn(options.traces);
  await changes.flush().catch(() => undefined);
  const concerns = new Concerns(context, options.pollMs ?? 1_000);
  await concerns.refresh();
  const waiters = new Waiters(context, options.pollMs ?? 1_000);
  const notices = new Notices(context, options.outbound, options.onNoticeFault ?? (() => undefined));
  const readings = new Map<string, Promise<Standing>>();
  /** Many may have waited for one verdict: they read it once. */
  const read = (approval: string): Promise<Standing> => {
    let reading = readings.get(approval);
    if (!reading) {
      reading = questions.standing(approval).finally(() => readings.delete(approval));
      readings.set(approval, reading);
    }
    return reading;
  };
  sweeper.start(options.sweepMs ?? 5_000);
  notices.start();

  return {
    routes: approvalRoutes(context, questions, desk),
    get waiting() {
      return waiters.count;
    },
    sweep: () => sweeper.sweep(),
    mayConcern: (principal) => concerns.has(principal),
    look: (question) => questions.look(question),
    async ask(question) {
      const standing = await questions.ask(question);
      concerns.add(question.principal);
      return standing;
    },
    wait: (approval, signal, deadline) => waiters.settled(approval, signal, deadline).then(() => read(approval)),
    async take({ approval, grant }, claim, exchange) {
      const row = await questions.approvalRow(approval.id);
      const given = await context.query
        .selectFrom('approval_grant')
        .selectAll()
        .where('id', '=', grant.id)
        .executeTakeFirst();
      if (!row || !given || given.state !== 'approved' || !isFor(given, claim)) return null;
      const decisions = await questions.decisionRows(row.id);
      // Whether it meets what is required now was asked by `ask` and `recheck`; here it is whether it holds.
      const opened = JSON.parse(row.requirements_json) as ApprovalRequirement[];
      if (provenGrant(context, { approval: row, decisions, grant: given }, opened) !== 'enough') {
        await questions.supersede(row.id, 'its signatures do not hold');
        return null;
      }
      return grants.take(row, given, claim, exchange);
    },
    async recheck(id, decision, bound) {
      if (decision.effect === 'allow') return true;
      const row = await questions.approvalRow(id);
      const grant = await questions.mainGrant(id);
      if (!row || !grant) return false;
      const exact = grant.fingerprint !== null;
      const fits = !exact || row.fingerprint === bound.fingerprint;
      if (decision.effect === 'require_approval' && fits && (await questions.meets(id, decision.approval))) return true;
      // A wider grant is still good for other questions; what it does not answer is asked by itself.
      if (exact) {
        const why = fits ? 'its verdicts do not meet what policy requires now' : 'the content is another one now';
        await questions.supersede(id, decision.effect === 'deny' ? 'policy denies it now' : why);
      }
      return false;
    },
    supersede: (id, why) => questions.supersede(id, why),
    async close() {
      waiters.close();
      concerns.close();
      await notices.close();
      await sweeper.close();
      // What is left is written at the next start.
      await changes.flush().catch(() => undefined);
    },
  };
}
