/** The only table of errors: code, HTTP status, Anthropic error type, closed reason label, retry advice, public text. */

/** Anthropic's error types; the official SDKs build their exception class from the status. */
export type ErrorType =
  | 'invalid_request_error'
  | 'authentication_error'
  | 'permission_error'
  | 'not_found_error'
  | 'request_too_large'
  | 'rate_limit_error'
  | 'billing_error'
  | 'api_error'
  | 'overloaded_error';

/** A closed set, used as a metric label. */
export type ReasonLabel =
  | 'malformed'
  | 'limit'
  | 'identity'
  | 'policy'
  | 'approval'
  | 'pdp'
  | 'credential'
  | 'audit'
  | 'upstream'
  | 'capacity'
  | 'internal';

interface ErrorRow {
  readonly status: number;
  readonly type: ErrorType;
  readonly reason: ReasonLabel;
  /** What `x-should-retry` says. */
  readonly retry: boolean;
  /** The public text; a `detail` given to a 4xx is added to it where the row says `open`. */
  readonly text: string;
  /** Whether the thrower's message may replace the public text (bad input and policy denials only). */
  readonly open: boolean;
  /** What clients of Claude go by, where they know the case. */
  readonly details?: ErrorDetails;
}

/** `error.details` of the Claude API: its own code of the error, for programs. */
export interface ErrorDetails {
  readonly error_code: string;
}

const row = (status: number, type: ErrorType, reason: ReasonLabel, retry: boolean, text: string, open = false) =>
  ({ status, type, reason, retry, text, open }) satisfies ErrorRow;

/** Every error by its code. */
export const errorTable = {
  FRAMING: row(
    400,
    'invalid_request_error',
    'malformed',
    false,
    'The request is not well-formed HTTP for this gateway.',
    true,
  ),
  ROUTE_UNKNOWN: row(404, 'not_found_error', 'malformed', false, 'This gateway does not serve that path.', true),
  METHOD_NOT_ALLOWED: row(405, 'invalid_request_error', 'malformed', false, 'That method is not allowed here.', true),
  HEADERS_TOO_LARGE: row(
    431,
    'invalid_request_error',
    'limit',
    false,
    'The request has too many or too large headers.',
    true,
  ),
  BODY_TOO_LARGE: row(
    413,
    'request_too_large',
    'limit',
    false,
    'The request body is larger than this gateway accepts.',
    true,
  ),
  BODY_TIMEOUT: row(408, 'invalid_request_error', 'limit', false, 'The request body did not arrive in time.'),
  BODY_TYPE: row(
    415,
    'invalid_request_error',
    'malformed',
    false,
    'The request body must be application/json in UTF-8, not encoded.',
    true,
  ),
  BODY_SYNTAX: row(400, 'invalid_request_error', 'malformed', false, 'The request body is not valid JSON.', true),
  BODY_SHAPE: row(
    400,
    'invalid_request_error',
    'malformed',
    false,
    'The request body does not have the expected shape.',
    true,
  ),
  THREAD_UNSUPPORTED: {
    ...row(
      400,
      'invalid_request_error',
      'malformed',
      false,
      'What Claude holds of a conversation (`thread`) cannot be judged here. Send the whole conversation, without `thread`.',
    ),
    // Tool runners of the SDKs then send the whole conversation by themselves.
    details: { error_code: 'thread_unsupported_request' },
  },
  TOKEN_MISSING: row(
    401,
    'authentication_error',
    'identity',
    false,
    'No identity token was presented. Send one as "Authorization: Bearer …" or "x-api-key".',
  ),
  TOKEN_INVALID: row(
    401,
    'authentication_error',
    'identity',
    false,
    "The identity token was not accepted. Get a fresh one; the gateway's log says why, under this request id.",
  ),
  TOKEN_EXPIRED: row(
    401,
    'authentication_error',
    'identity',
    false,
    'The identity token has expired. Get a fresh one and try again.',
  ),
  TOKEN_STALE: row(
    401,
    'authentication_error',
    'identity',
    true,
    'The token of this gateway has expired. Get a fresh one (sallyport token --login) and try again.',
  ),
  TOKEN_REVOKED: row(401, 'authentication_error', 'identity', false, 'The identity token has been revoked.'),
  RAW_CREDENTIAL: row(
    401,
    'authentication_error',
    'identity',
    false,
    'A Claude API credential was presented. This gateway takes identity tokens only; treat that credential as leaked and rotate it.',
  ),
  OPERATOR_REQUIRED: row(
    401,
    'authentication_error',
    'identity',
    false,
    'The admin API takes the operator token of its data directory or the personal token of a reviewer, and this is neither.',
  ),
  CSRF: row(
    403,
    'permission_error',
    'identity',
    false,
    'The request does not come from a page of this console, or its form is out of date. Load the page again.',
  ),
  LOGIN_NOT_RECENT: row(
    403,
    'permission_error',
    'identity',
    false,
    'That needs a login of the last 15 minutes. Log in again, then repeat it.',
  ),
  IDENTITY_UNAVAILABLE: row(
    503,
    'api_error',
    'identity',
    true,
    'The identity provider cannot be reached to check the token.',
  ),
  POLICY_DENIED: row(403, 'permission_error', 'policy', false, 'Policy denied this request.', true),
  APPROVAL_PENDING: row(
    409,
    'invalid_request_error',
    'approval',
    true,
    'A human has to approve this request. Send it again once that was done.',
    true,
  ),
  APPROVAL_DENIED: row(403, 'permission_error', 'approval', false, 'A human denied this request.', true),
  APPROVAL_EXPIRED: row(403, 'permission_error', 'approval', false, 'Nobody approved this request in time.', true),
  POLICY_UNAVAILABLE: row(
    503,
    'api_error',
    'pdp',
    true,
    'No policy decision could be made, so the request was refused.',
  ),
  CREDENTIAL_UNAVAILABLE: row(
    503,
    'api_error',
    'credential',
    true,
    'No Claude credential could be leased, so the request was refused.',
  ),
  CREDENTIAL_ROLE_UNKNOWN: row(
    503,
    'api_error',
    'credential',
    false,
    'Policy names a credential role that this gateway does not have.',
  ),
  AUDIT_UNAVAILABLE: row(
    503,
    'api_error',
    'audit',
    true,
    'The audit record could not be made durable, so the request was refused.',
  ),
  STATE_UNAVAILABLE: row(
    503,
    'api_error',
    'audit',
    true,
    'The state store cannot be reached, so the request was refused.',
  ),
  MASK_FAILED: row(503, 'api_error', 'internal', true, 'The content could not be masked, so it was not passed on.'),
  OVERLOADED: row(
    529,
    'overloaded_error',
    'capacity',
    true,
    'The gateway is at its limit: of requests at one time, or of your questions that wait for approval.',
  ),
  DRAINING: row(529, 'overloaded_error', 'capacity', true, 'The gateway is shutting down.'),
  UPSTREAM_CONNECT: row(502, 'api_error', 'upstream', true, 'Claude could not be reached.'),
  UPSTREAM_TIMEOUT: row(504, 'api_error', 'upstream', true, 'Claude did not answer in time.'),
  UPSTREAM_PROTOCOL: row(502, 'api_error', 'upstream', true, 'The answer of Claude broke off or was not understood.'),
  UPSTREAM_CREDENTIAL: row(
    502,
    'api_error',
    'credential',
    false,
    'Claude refused the credential of this gateway. Its operator has to look at it.',
  ),
  NOT_FOUND: row(404, 'not_found_error', 'malformed', false, 'There is nothing of that name.', true),
  PERSON_REQUIRED: row(
    403,
    'permission_error',
    'identity',
    false,
    'This takes a personal login; the operator token gives no verdict of a human.',
  ),
  NOT_PERMITTED: row(403, 'permission_error', 'policy', false, 'Policy does not let you do this here.'),
  APPROVAL_FORBIDDEN: row(403, 'permission_error', 'approval', false, 'You may not do this to the approval.', true),
  APPROVAL_CONFLICT: row(
    409,
    'invalid_request_error',
    'approval',
    false,
    'The approval is not what you were shown any more. Look at it again.',
    true,
  ),
  ADMIN_INPUT: row(
    400,
    'invalid_request_error',
    'malformed',
    false,
    'The request to the admin API is not valid.',
    true,
  ),
  INTERNAL: row(500, 'api_error', 'internal', true, 'The gateway failed. The fault is logged under this request id.'),
} as const satisfies { readonly [code: string]: ErrorRow };

export type ErrorCode = keyof typeof errorTable;

export interface ErrorOptions {
  /** For the operator's log only. Never holds a secret or content. */
  readonly detail?: string;
  readonly cause?: unknown;
  /** Rule ids behind a denial, for the record. */
  readonly rules?: readonly string[];
  /** What of a denied request must not come back in later ones. */
  readonly withhold?: 'none' | 'detected' | 'turn';
}

/**
 * Every failure that reaches a caller. `message` is public: for rows marked `open` it is the thrower's text, for all
 * others the constant of the table, so that no internal text can leave by accident.
 */
export class GatewayError extends Error {
  override readonly name = 'GatewayError';
  readonly code: ErrorCode;
  readonly detail: string | null;
  readonly rules: readonly string[];
  readonly withhold: 'none' | 'detected' | 'turn';

  constructor(code: ErrorCode, text?: string, options: ErrorOptions = {}) {
    const entry: ErrorRow = errorTable[code];
    super(entry.open && text ? text : entry.text, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.detail = options.detail ?? (entry.open ? null : (text ?? null));
    this.rules = options.rules ?? [];
    this.withhold = options.withhold ?? 'none';
  }

  get status(): number {
    return errorTable[this.code].status;
  }
  get type(): ErrorType {
    return errorTable[this.code].type;
  }
  get reason(): ReasonLabel {
    return errorTable[this.code].reason;
  }
  get retry(): boolean {
    return errorTable[this.code].retry;
  }
  get details(): ErrorDetails | undefined {
    return (errorTable[this.code] as ErrorRow).details;
  }
}

/** Makes a `GatewayError` of anything thrown; what is not one already becomes INTERNAL with the original as cause. */
export function toGatewayError(thrown: unknown): GatewayError {
  if (thrown instanceof GatewayError) return thrown;
  const detail = thrown instanceof Error ? `${thrown.name}: ${thrown.message}` : String(thrown);
  return new GatewayError('INTERNAL', undefined, { detail, cause: thrown });
}

/** Something at start that the operator must mend first. The message says what and how; it is shown without a stack. */
export class StartError extends Error {
  override readonly name = 'StartError';
}

/** Where a fault began: the stack of its cause, for the log. */
export function stackOf(error: GatewayError): string {
  return (error.cause instanceof Error ? error.cause.stack : error.stack) ?? '';
}
