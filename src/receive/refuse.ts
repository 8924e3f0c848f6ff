import { type ErrorCode, errorTable, type GatewayError } from '../errors.ts';
import type { Client, Reply } from '../model/exchange.ts';

/** How denials are shown to Claude Code, which prints some statuses more cleanly than 403. */
export interface RefusalStyle {
  readonly claudeCodeDenialStatus: number;
}

const denials: ReadonlySet<ErrorCode> = new Set<ErrorCode>(['POLICY_DENIED', 'APPROVAL_UNSUPPORTED']);

/**
 * Answers with an error in Anthropic's envelope: a whole response where nothing was sent, otherwise the SSE `error`
 * event that ends the stream. This is the only place that decides what of an error leaves the process.
 */
export function refuse(
  reply: Reply,
  id: string,
  client: Client | null,
  error: GatewayError,
  style: RefusalStyle,
): void {
  const envelope = JSON.stringify({
    type: 'error',
    error: { type: error.type, message: error.message },
    request_id: id,
  });
  if (reply.begun) {
    reply.write(Buffer.from(`event: error\ndata: ${envelope}\n\n`));
    reply.end();
    return;
  }
  const body = Buffer.from(envelope);
  reply.begin(statusFor(error, client, style), [
    ['content-type', 'application/json'],
    ['content-length', String(body.length)],
    ['request-id', id],
    ['x-should-retry', error.retry ? 'true' : 'false'],
    ...(error.status === 401 ? [['www-authenticate', 'Bearer error="invalid_token"'] as const] : []),
    ...(error.reason === 'capacity' ? [['retry-after', '2'] as const] : []),
    ...(error.reason === 'malformed' || error.reason === 'limit' || error.code === 'DRAINING'
      ? [['connection', 'close'] as const]
      : []),
  ]);
  reply.end(body);
}

function statusFor(error: GatewayError, client: Client | null, style: RefusalStyle): number {
  const toClaudeCode = client?.app === 'cli' && denials.has(error.code);
  return toClaudeCode ? style.claudeCodeDenialStatus : errorTable[error.code].status;
}
