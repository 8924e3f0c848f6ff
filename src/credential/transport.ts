import { type Outbound, OutboundError, type OutboundResponse } from '../outbound/index.ts';
import { CredentialFault, type FaultKind } from './fault.ts';

/** The longest one call may take, from the call to the last byte. */
const CALL_MS = 2_000;
const LARGEST_ANSWER = 262_144;

export interface Call {
  readonly method: 'GET' | 'POST';
  readonly url: string;
  readonly headers: { readonly [name: string]: string };
  /** Sent as JSON; null for none. */
  readonly body: unknown;
  readonly signal: AbortSignal;
  /** PEM of the authorities to trust, or null for the built-in ones. */
  readonly ca: string | null;
}

/** An answer with any status: its JSON, or undefined where it has no body. */
export interface Answer {
  readonly status: number;
  readonly json: unknown;
  readonly headers: OutboundResponse['headers'];
}

/**
 * One HTTP call with JSON both ways: at most 2 s, no redirect, nothing sent twice.
 *
 * @throws CredentialFault `unreachable`, `timeout`, `redirect`, `protocol`, `closed`; its text names the host alone
 */
export async function callJson(outbound: Outbound, call: Call): Promise<Answer> {
  const response = await send(outbound, call);
  return { status: response.status, json: parse(response, call), headers: response.headers };
}

async function send(outbound: Outbound, call: Call): Promise<OutboundResponse> {
  try {
    return await outbound.request({
      url: call.url,
      method: call.method,
      headers:
        call.body === null
          ? { accept: 'application/json', ...call.headers }
          : { accept: 'application/json', 'content-type': 'application/json', ...call.headers },
      ...(call.body === null ? {} : { body: JSON.stringify(call.body) }),
      ...(call.ca === null ? {} : { ca: call.ca }),
      signal: call.signal,
      deadlineMs: CALL_MS,
      maxBytes: LARGEST_ANSWER,
    });
  } catch (thrown) {
    if (thrown instanceof OutboundError) throw new CredentialFault(outboundKinds[thrown.code], thrown.message);
    throw new CredentialFault('protocol', 'the call failed before it was sent');
  }
}

const outboundKinds = {
  url: 'protocol',
  address: 'unreachable',
  connect: 'unreachable',
  timeout: 'timeout',
  aborted: 'closed',
  broken: 'unreachable',
  redirect: 'redirect',
  too_large: 'protocol',
  protocol: 'protocol',
} as const satisfies { readonly [code in OutboundError['code']]: FaultKind };

function parse(response: OutboundResponse, call: Call): unknown {
  if (response.body.length === 0) return undefined;
  try {
    return JSON.parse(response.body.toString('utf8')) as unknown;
  } catch {
    // What a proxy says about a failure is rarely JSON; the status tells enough then.
    if (response.status >= 400) return undefined;
    throw new CredentialFault('protocol', `the answer of ${new URL(call.url).origin} is not JSON`, response.status);
  }
}

/** A member of an unknown value, undefined where there is none. */
export function member(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, name)
    ? (value as { readonly [name: string]: unknown })[name]
    : undefined;
}
