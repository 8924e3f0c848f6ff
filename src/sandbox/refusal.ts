import type { JsonObject } from '../model/json.ts';

/** The error types of the Messages API and the status each comes with. */
const STATUS = {
  invalid_request_error: 400,
  authentication_error: 401,
  permission_error: 403,
  not_found_error: 404,
  request_too_large: 413,
  rate_limit_error: 429,
  api_error: 500,
  overloaded_error: 529,
} as const;

export type ErrorType = keyof typeof STATUS;

/** A request that the service turns away before any byte of an answer. */
export class Refusal extends Error {
  readonly type: ErrorType;
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;

  constructor(type: ErrorType, message: string, headers: Readonly<Record<string, string>> = {}, status?: number) {
    super(message);
    this.name = 'Refusal';
    this.type = type;
    this.status = status ?? STATUS[type];
    this.headers = headers;
  }
}

/** A 400 in the wording of the service. */
export function invalid(message: string): Refusal {
  return new Refusal('invalid_request_error', message);
}

/** The service's error body. */
export function envelope(type: ErrorType, message: string, requestId: string): JsonObject {
  return { type: 'error', error: { type, message }, request_id: requestId };
}
