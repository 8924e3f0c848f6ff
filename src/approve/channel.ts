import type { JsonObject } from '../model/json.ts';
import type { OutboundResponse } from '../outbound/index.ts';

/** One notice, on its way to one channel. */
export interface Notice {
  /** The same at every attempt. */
  readonly id: string;
  /** `approval.opened`, `approval.approved` … */
  readonly event: string;
  /** When it happened, epoch milliseconds. */
  readonly at: number;
  /** The approval without its content, and `url`, where to decide. */
  readonly approval: JsonObject;
  /** What this channel calls the message that announced the approval, where it can be updated. */
  readonly reference: string | null;
}

/** Where notices go. */
export interface Channel {
  /** Delivers it, and gives the reference of a message that can be updated, or null. Throws `ChannelFault`, `OutboundError`. */
  deliver(notice: Notice): Promise<string | null>;
}

/** A receiver that did not take a notice. The message holds nothing that was sent or received. */
export class ChannelFault extends Error {
  override readonly name = 'ChannelFault';
  /** Trying again is of no use. */
  readonly final: boolean;
  readonly retryAfterMs: number | null;

  constructor(message: string, final: boolean, retryAfterMs: number | null = null) {
    super(message);
    this.final = final;
    this.retryAfterMs = retryAfterMs;
  }
}

/** Throws `ChannelFault` for any status but 2xx. A receiver that is gone for good (410) is not asked again. */
export function requireTaken({ status, headers }: OutboundResponse): void {
  if (status >= 200 && status < 300) return;
  const seconds = Number(headers['retry-after']);
  const wait = Number.isFinite(seconds) && seconds > 0 ? Math.min(seconds, 3_600) * 1000 : null;
  throw new ChannelFault(`status ${status}`, status === 410, wait);
}
