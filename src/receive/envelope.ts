import type { ErrorCode, ErrorDetails, ErrorType } from '../errors.ts';

/** What a caller is told of an error. */
export interface ToldError {
  readonly type: ErrorType;
  readonly code: ErrorCode;
  readonly message: string;
  readonly details?: ErrorDetails | undefined;
}

/**
 * The body of an error as the Claude API words it, JSON, with our code beside its type: clients leave it alone, and
 * people can look it up.
 */
export function errorEnvelope(requestId: string, { type, code, message, details }: ToldError): string {
  return JSON.stringify({ type: 'error', error: { type, code, message, details }, request_id: requestId });
}
