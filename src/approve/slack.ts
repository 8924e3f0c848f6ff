import type { Config } from '../config/index.ts';
import type { JsonObject } from '../model/json.ts';
import type { Outbound } from '../outbound/index.ts';
import { type Channel, ChannelFault, type Notice, requireTaken } from './channel.ts';

type SlackConfig = Extract<Config['approvals']['notify'][number], { readonly type: 'slack' }>;

/** Answers of the Slack API that no later attempt changes. */
const final: ReadonlySet<string> = new Set([
  'channel_not_found',
  'is_archived',
  'invalid_auth',
  'not_authed',
  'account_inactive',
  'token_revoked',
  'not_in_channel',
  'missing_scope',
]);

/**
 * A Slack channel: by an incoming webhook each notice is a message of its own; by a bot the message that announced an
 * approval is updated with what became of it.
 */
export function slackChannel(config: SlackConfig, outbound: Outbound): Channel {
  const post = async (url: string, headers: { readonly [name: string]: string }, body: JsonObject) => {
    const response = await outbound.request({
      url,
      method: 'POST',
      headers: { 'content-type': 'application/json; charset=utf-8', ...headers },
      body: JSON.stringify(body),
      maxBytes: 262_144,
    });
    requireTaken(response);
    return response.body.toString();
  };
  const { webhook, bot_token: token, channel } = config;
  if (webhook !== undefined) {
    return {
      async deliver(notice) {
        await post(webhook.reveal(), {}, message(notice));
        return null;
      },
    };
  }
  return {
    async deliver(notice) {
      const method = notice.reference === null ? 'chat.postMessage' : 'chat.update';
      const about = notice.reference === null ? { channel: channel! } : (JSON.parse(notice.reference) as JsonObject);
      const text = await post(
        `${config.api}/api/${method}`,
        { authorization: `Bearer ${token!.reveal()}` },
        { ...about, ...message(notice) },
      );
      const answer = parse(text);
      if (answer.ok !== true) {
        const word = typeof answer.error === 'string' && /^[a-z_]{1,60}$/.test(answer.error) ? answer.error : 'refused';
        throw new ChannelFault(`Slack: ${word}`, final.has(word));
      }
      return typeof answer.ts === 'string' && typeof answer.channel === 'string'
        ? JSON.stringify({ channel: answer.channel, ts: answer.ts })
        : notice.reference;
    },
  };
}

const heads: { readonly [event: string]: string } = {
  'approval.opened': 'Approval wanted',
  'approval.approved': 'Approved',
  'approval.denied': 'Denied',
  'approval.expired': 'Expired',
  'approval.cancelled': 'Taken back',
  'approval.superseded': 'No longer needed',
  'approval.break_glass': ':rotating_light: Glass broken',
};

/** Who asks for what by which rule, and where to decide; nothing of the content. */
function message({ event, approval }: Notice): JsonObject {
  const requester = approval.requester as JsonObject;
  const head = heads[event] ?? event;
  const by = typeof approval.by === 'string' ? ` by ${escaped(approval.by)}` : '';
  const reasons = (approval.reasons as readonly JsonObject[]).map(({ id, message: text }) =>
    text === '' ? `\`${escaped(id)}\`` : `\`${escaped(id)}\`: ${escaped(text)}`,
  );
  const lines = [
    `*${head}*${by}: ${escaped(approval.action)} ${escaped(approval.summary)}`,
    `for ${escaped(requester.function ?? requester.subject)} (${escaped(approval.tenant)})`,
    ...reasons,
    ...(typeof approval.reason === 'string' ? [`Reason: ${escaped(approval.reason)}`] : []),
    ...(typeof approval.comment === 'string' && approval.comment !== ''
      ? [`Comment: ${escaped(approval.comment)}`]
      : []),
    typeof approval.url === 'string'
      ? `<${approval.url}|Look at it>`
      : `\`sallyport approvals show ${escaped(approval.id)}\``,
  ];
  const text = lines.join('\n').slice(0, 2_900);
  return {
    text: `${head}: ${escaped(approval.action)} ${escaped(approval.summary)}`,
    blocks: [{ type: 'section', text: { type: 'mrkdwn', text } }],
    unfurl_links: false,
  };
}

/** Slack's three control characters, so that a name cannot become a link or a mention. */
function escaped(value: unknown): string {
  return String(value ?? '').replace(/[&<>]/g, (character) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;' })[character]!);
}

function parse(text: string): JsonObject {
  try {
    return JSON.parse(text) as JsonObject;
  } catch {
    throw new ChannelFault('an answer that is no JSON', false);
  }
}
