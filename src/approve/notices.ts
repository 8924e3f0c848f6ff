import type { Outbound } from '../outbound/index.ts';
import { OutboundError } from '../outbound/index.ts';
import { type Channel, ChannelFault, type Notice } from './channel.ts';
import { type Context, channel as hintChannel } from './context.ts';
import { slackChannel } from './slack.ts';
import type { NoticeRow } from './tables.ts';
import { webhookChannel } from './webhook.ts';

const POLL_MS = 1_000;
const AT_ONCE = 20;
/** A worker that dies with a notice in hand keeps it from others for so long. */
const CLAIM_MS = 60_000;
/** Attempts in all; with the backoff below about a day. */
const ATTEMPTS = 16;
const FIRST_MS = 2_000;
const LONGEST_MS = 2 * 3_600_000;

/** Told of a failed delivery; given up where `dead`. */
export type OnNoticeFault = (channel: string, fault: string, dead: boolean) => void;

/**
 * Delivers the notices that changes left in the outbox. Each is tried until it is delivered, by one worker of the fleet
 * at a time, less and less often, and given up in the end; it stays in the table then, as long as contents are kept. A
 * worker that dies between the delivery and its note delivers twice, under the same id.
 */
export class Notices {
  readonly #context: Context;
  readonly #lanes: readonly Lane[];
  #timer: NodeJS.Timeout | undefined;
  #unlisten = () => {};

  constructor(context: Context, outbound: Outbound, onFault: OnNoticeFault) {
    this.#context = context;
    this.#lanes = context.config.notify.map((config) => {
      const channel = config.type === 'webhook' ? webhookChannel(config, outbound) : slackChannel(config, outbound);
      return new Lane(context, config.name, channel, onFault);
    });
  }

  start(): void {
    if (this.#lanes.length === 0) return;
    const deliver = () => {
      for (const lane of this.#lanes) void lane.deliver();
    };
    this.#unlisten = this.#context.store.onHint(hintChannel, deliver);
    this.#timer = setInterval(deliver, POLL_MS).unref();
    deliver();
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    this.#unlisten();
    await Promise.all(this.#lanes.map((lane) => lane.close()));
  }
}

/** The notices of one channel, one after the other: a channel that is slow or away keeps no other from its own. */
class Lane {
  readonly #context: Context;
  readonly #name: string;
  readonly #channel: Channel;
  readonly #onFault: OnNoticeFault;
  #running: Promise<void> | null = null;
  #again = false;
  #closed = false;

  constructor(context: Context, name: string, channel: Channel, onFault: OnNoticeFault) {
    this.#context = context;
    this.#name = name;
    this.#channel = channel;
    this.#onFault = onFault;
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#running;
  }

  /** Delivers what is due. Never rejects: what fails is tried again. */
  deliver(): Promise<void> {
    this.#again = true;
    this.#running ??= this.#work().finally(() => {
      this.#running = null;
    });
    return this.#running;
  }

  async #work(): Promise<void> {
    try {
      do {
        this.#again = false;
        for (const row of await this.#due()) {
          if (this.#closed) return;
          if (await this.#claim(row)) await this.#try(row);
        }
      } while (this.#again && !this.#closed);
    } catch {
      // The store is away: the next poll looks again.
    }
  }

  /** What has waited longest comes first, so that what fails again and again holds up nothing that is new. */
  async #due(): Promise<NoticeRow[]> {
    const now = this.#context.clock();
    return this.#context.query
      .selectFrom('approval_notice')
      .selectAll()
      .where('state', '=', 'pending')
      .where('channel', '=', this.#name)
      .where('next_at', '<=', now)
      .where('claimed_until', '<=', now)
      .orderBy('next_at')
      .orderBy('id')
      .limit(AT_ONCE)
      .execute();
  }

  async #claim(row: NoticeRow): Promise<boolean> {
    const now = this.#context.clock();
    const claimed = await this.#context.query
      .updateTable('approval_notice')
      .set((set) => ({ claimed_until: now + CLAIM_MS, attempts: set('attempts', '+', 1) }))
      .where('id', '=', row.id)
      .where('state', '=', 'pending')
      .where('claimed_until', '=', row.claimed_until)
      .where('attempts', '=', row.attempts)
      .executeTakeFirst();
    return claimed.numUpdatedRows === 1n;
  }

  async #try(row: NoticeRow): Promise<void> {
    const earlier = await this.#earlier(row);
    if (typeof earlier === 'number') return this.#note(row, { next_at: earlier, attempts: row.attempts });
    try {
      const reference = await this.#channel.deliver(this.#notice(row, earlier));
      await this.#note(row, { state: 'sent', reference, fault: null });
    } catch (thrown) {
      const attempts = row.attempts + 1;
      const dead = attempts >= ATTEMPTS || (thrown instanceof ChannelFault && thrown.final);
      const fault = wordOf(thrown);
      this.#onFault(row.channel, fault, dead);
      const wait =
        thrown instanceof ChannelFault && thrown.retryAfterMs !== null ? thrown.retryAfterMs : backoff(attempts);
      await this.#note(row, { state: dead ? 'dead' : 'pending', fault, next_at: this.#context.clock() + wait });
    }
  }

  /**
   * The message that announced the approval, which a later notice updates: it has to be out first. Until then, when to
   * look again.
   */
  async #earlier(row: NoticeRow): Promise<string | null | number> {
    if (row.event === 'approval.opened') return null;
    const opened = await this.#context.query
      .selectFrom('approval_notice')
      .select(['state', 'reference', 'next_at'])
      .where('approval', '=', row.approval)
      .where('channel', '=', row.channel)
      .where('event', '=', 'approval.opened')
      .executeTakeFirst();
    if (opened?.state !== 'pending') return opened?.reference ?? null;
    return Math.max(opened.next_at, this.#context.clock() + FIRST_MS);
  }

  #notice(row: NoticeRow, reference: string | null): Notice {
    const base = this.#context.consoleUrl();
    return {
      id: row.id,
      event: row.event,
      at: row.created_at,
      approval: { ...JSON.parse(row.body_json), url: base === null ? null : `${base}/approvals/${row.approval}` },
      reference,
    };
  }

  async #note(row: NoticeRow, change: Partial<NoticeRow>): Promise<void> {
    await this.#context.query
      .updateTable('approval_notice')
      .set({ ...change, claimed_until: 0 })
      .where('id', '=', row.id)
      .where('state', '=', 'pending')
      .execute();
  }
}

/** Doubles from two seconds to two hours, with a fifth of chance so that a fleet does not move in step. */
function backoff(attempts: number): number {
  const wait = Math.min(LONGEST_MS, FIRST_MS * 2 ** (attempts - 1));
  return Math.round(wait * (0.8 + 0.4 * Math.random()));
}

/** Names of faults only: a message may quote a URL that is a secret. */
function wordOf(thrown: unknown): string {
  if (thrown instanceof ChannelFault) return thrown.message;
  return thrown instanceof OutboundError ? thrown.code : 'failed';
}
