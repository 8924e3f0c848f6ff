import type { ErrorCode, ErrorType, GatewayError } from '../errors.ts';
import type { Action, Client, Reply } from '../model/exchange.ts';
import { errorEnvelope } from './envelope.ts';

/** How denials are shown to Claude Code, which prints some statuses more cleanly than 403. */
export interface RefusalStyle {
  readonly claudeCodeDenialStatus: number;
  /** Seconds after which a caller asks again for what waits for an approval; Claude Code gives up on more than 60. */
  readonly retryAfterS: number;
}

/** What a refusal has to know of its request; null where it did not come that far. */
export interface RefusedRequest {
  readonly id: string;
  readonly client: Client | null;
  readonly action: Action | null;
  readonly model: string | null;
}

const denials: ReadonlySet<ErrorCode> = new Set<ErrorCode>(['POLICY_DENIED', 'APPROVAL_DENIED', 'APPROVAL_EXPIRED']);

/**
 * Answers with an error in Anthropic's envelope. A stream that was opened while humans decided ends as a complete
 * message that says why when it is denied, and with the `error` event otherwise. This is the only place that decides
 * what of an error leaves the process.
 */
export function refuse(reply: Reply, request: RefusedRequest, error: GatewayError, style: RefusalStyle): void {
  if (reply.begun) {
    const denied = denials.has(error.code);
    reply.end(Buffer.from(denied ? deniedMessage(request, error) : errorEvent(request, error)));
    return;
  }
  const { status, type } = shown(request, error, style);
  const { code, message, details } = error;
  const body = Buffer.from(errorEnvelope(request.id, { type, code, message, details }));
  reply.begin(status, [
    ['content-type', 'application/json'],
    ['content-length', String(body.length)],
    ['request-id', request.id],
    ['x-should-retry', error.retry ? 'true' : 'false'],
    ...conditionalHeaders(error, style),
  ]);
  reply.end(body);
}

/**
 * Refusals behind which nothing may come: where the end of the request is in doubt, or late. Behind any other the server
 * takes what is left of the body off the connection: a client that is sending could not read the refusal otherwise.
 */
const lastOnConnection: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'FRAMING',
  'HEADERS_TOO_LARGE',
  'BODY_TIMEOUT',
  'DRAINING',
]);

/** Headers that only some refusals have. */
function conditionalHeaders(error: GatewayError, style: RefusalStyle): (readonly [name: string, value: string])[] {
  const headers: [string, string][] = [];
  if (error.status === 401) headers.push(['www-authenticate', 'Bearer error="invalid_token"']);
  if (error.reason === 'capacity') headers.push(['retry-after', '2']);
  if (error.code === 'APPROVAL_PENDING') headers.push(['retry-after', String(style.retryAfterS)]);
  if (lastOnConnection.has(error.code)) headers.push(['connection', 'close']);
  return headers;
}

function shown(
  { client, action }: RefusedRequest,
  error: GatewayError,
  style: RefusalStyle,
): { readonly status: number; readonly type: ErrorType } {
  if (error.reason === 'policy' || error.reason === 'approval') {
    // Clients that may not count tokens estimate them; a denial would end their turn.
    if (action === 'messages.count_tokens') return { status: 404, type: 'not_found_error' };
    if (client?.app === 'cli' && denials.has(error.code)) {
      return { status: style.claudeCodeDenialStatus, type: error.type };
    }
  }
  return { status: error.status, type: error.type };
}

function errorEvent({ id }: RefusedRequest, error: GatewayError): string {
  return `event: error\ndata: ${errorEnvelope(id, error)}\n\n`;
}

function deniedMessage({ id, model }: RefusedRequest, error: GatewayError): string {
  const usage = { input_tokens: 0, output_tokens: 0 };
  const message = {
    id: `msg_${id.slice(4)}`,
    type: 'message',
    role: 'assistant',
    model: model ?? 'sallyport',
    content: [],
    stop_reason: null,
    stop_sequence: null,
    usage,
  };
  const text = `[sallyport] ${error.message}`;
  return [
    { type: 'message_start', message },
    { type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } },
    { type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text } },
    { type: 'content_block_stop', index: 0 },
    { type: 'message_delta', delta: { stop_reason: 'end_turn', stop_sequence: null }, usage: { output_tokens: 0 } },
    { type: 'message_stop' },
  ]
    .map((data) => `event: ${data.type}\ndata: ${JSON.stringify(data)}\n\n`)
    .join('');
}
