import type { ErrorCode, ErrorType } from '../errors.ts';

/**
 * The body of an error as the Claude API words it, JSON. `code` is ours and only for the admin port; on the data port
 * it is null: nothing there tells more than Claude would.
 */
export function errorEnvelope(requestId: string, type: ErrorType, message: string, code: ErrorCode | null): string {
  const error = code === null ? { type, message } : { type, code, message };
  return JSON.stringify({ type: 'error', error, request_id: requestId });
}
