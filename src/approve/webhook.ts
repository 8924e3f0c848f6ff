import { Webhook } from 'standardwebhooks';
import type { Config } from '../config/index.ts';
import type { Outbound } from '../outbound/index.ts';
import { type Channel, requireTaken } from './channel.ts';

type WebhookConfig = Extract<Config['approvals']['notify'][number], { readonly type: 'webhook' }>;

/**
 * A generic receiver, signed as Standard Webhooks 1.0.0 says: `webhook-id` is the same at every attempt, so that the
 * receiver can drop what it has; with a previous key both signatures are sent.
 */
export function webhookChannel(config: WebhookConfig, outbound: Outbound): Channel {
  const keys = [config.secret, ...(config.previous_secret ? [config.previous_secret] : [])];
  return {
    async deliver({ id, event, at, approval }) {
      const now = new Date();
      const body = JSON.stringify({ type: event, timestamp: new Date(at).toISOString(), data: approval });
      const response = await outbound.request({
        url: config.url,
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          'webhook-id': id,
          'webhook-timestamp': String(Math.floor(now.getTime() / 1000)),
          'webhook-signature': keys.map((key) => new Webhook(key.reveal()).sign(id, now, body)).join(' '),
        },
        body,
        maxBytes: 65_536,
      });
      requireTaken(response);
      return null;
    },
  };
}
