import { z } from 'zod';
import type { Context } from './context.ts';
import { always, count, distinct, fault, label, seconds, serviceUrl } from './fields.ts';
import { secretFrom } from './secret.ts';

const name = label.describe('Name in logs and in the list of notices; each channel has its own.');

const channel = (context: Context) =>
  z
    .discriminatedUnion('type', [
      z.strictObject({
        type: z.literal('webhook'),
        name,
        url: serviceUrl.describe('Where notices are posted, signed as Standard Webhooks says.'),
        secret: webhookSecret(context).describe('Key of the signature, `whsec_…`.'),
        previous_secret: webhookSecret(context).optional().describe('The key before it, while receivers change over.'),
      }),
      z.strictObject({
        type: z.literal('slack'),
        name,
        webhook: secretFrom(context)
          .refine((secret) => URL.parse(secret.reveal()) !== null, { message: 'not a URL' })
          .optional()
          .describe('URL of an incoming webhook; or give bot_token and channel.'),
        bot_token: secretFrom(context)
          .optional()
          .describe('Token of a bot that may write in the channel; its message is updated on the verdict.'),
        channel: z.string().min(1).optional().describe('Id of the channel that the bot writes to.'),
        api: serviceUrl.prefault('https://slack.com').describe('Base URL of the Slack API.'),
      }),
    ])
    .superRefine((value, refinement) => {
      if (value.type !== 'slack') return;
      const bot = value.bot_token !== undefined && value.channel !== undefined;
      if ((value.webhook !== undefined) === bot || (value.bot_token === undefined) !== (value.channel === undefined)) {
        fault(refinement, 'not one way to reach Slack', 'Give `webhook`, or `bot_token` together with `channel`.');
      }
    }, always);

const webhookSecret = (context: Context) =>
  secretFrom(context).refine((secret) => /^whsec_[A-Za-z0-9+/]{32,}={0,2}$/.test(secret.reveal()), {
    message: 'not a Standard Webhooks key: `whsec_` and at least 24 bytes of base64',
  });

/** `approvals` of the configuration. */
export const approvals = (context: Context) =>
  z.strictObject({
    contact: z.string().min(1).optional().describe('Whom to ask, shown where policy wants an approval.'),
    hold_stream_s: seconds
      .max(3_600)
      .default(540)
      .describe(
        'Longest time a stream is held for humans, in seconds. Claude Code as it comes gives up by itself after 600 to 770 and asks again, which joins the same approval; below that it never has to.',
      ),
    hold_call_s: seconds
      .max(270)
      .default(270)
      .describe('The same for a call that is not streamed; its client gives up after 300.'),
    visible_hold: z
      .boolean()
      .default(false)
      .describe('Shows in a held stream, before a tool call, what it waits for; taken out of later requests again.'),
    held_most: count.default(200).describe('Most requests that are held at one time; more are answered 529.'),
    held_most_per_tenant: count.default(100).describe('The same for one tenant.'),
    pending_most_per_caller: count
      .default(100)
      .describe(
        'Most open questions of one caller; a request that would be one more is answered 529, a tool call denied.',
      ),
    retry_after_s: seconds
      .max(60)
      .default(30)
      .describe('When a caller that is not streamed asks again after `hold_call_s`; Claude Code takes 60 at most.'),
    parked_bytes: count
      .default(268_435_456)
      .describe('Most bytes of answers kept for callers that may come back, in all; over it calls are denied.'),
    parked_bytes_per_tenant: count.default(67_108_864).describe('The same for one tenant.'),
    parked_bytes_per_answer: count.default(16_777_216).describe('The same for one answer.'),
    expires_max_s: seconds
      .default(86_400)
      .describe('Longest time a question stays open, in seconds, whatever policy says.'),
    grant_max_s: seconds.default(86_400).describe('Longest time a grant lasts, in seconds, whatever policy says.'),
    denial_s: seconds
      .default(900)
      .describe('Time for which a denial also answers the same request sent again, in seconds.'),
    break_glass_s: seconds.max(3_600).default(300).describe('Time that a grant by break-glass lasts, in seconds.'),
    grant_uses: count.default(100).describe('Most uses of one session or time-boxed grant.'),
    keep_days: count.default(90).describe('Days for which the content of a settled approval is kept.'),
    notify: z
      .array(channel(context))
      .default([])
      .superRefine((channels, refinement) => {
        distinct(channels, 'name', refinement, [], 'Each channel has its own name.');
      }, always)
      .describe('Where approvals are announced.'),
  });
