import { GatewayError } from '../errors.ts';
import { defaultLimits, JsonFault, scanSliced, sliced, type TapeNode } from '../json/index.ts';
import type { Body } from '../model/body.ts';
import type { Identified, Read, RequestHeaders } from '../model/exchange.ts';
import { collect } from './collect.ts';
import { classifyLeaves } from './leaves.ts';
import { classifyRequest } from './request_class.ts';
import { checkShape } from './shape.ts';

export interface ReadLimits {
  /** Bytes of a request body. */
  readonly bytes: number;
  /** Nested containers of a body. */
  readonly depth: number;
  /** Property names in a body. */
  readonly keys: number;
  /** Milliseconds for the first MiB of a body, and again for each further one. */
  readonly timeoutMs: number;
}

/**
 * The `read` step: the body within its limits, strict JSON in UTF-8, scanned once and its strings classified.
 *
 * @throws GatewayError BODY_TYPE, BODY_TOO_LARGE, BODY_TIMEOUT, BODY_SYNTAX, BODY_SHAPE, THREAD_UNSUPPORTED; FRAMING
 *   where the body breaks off
 */
export function createReadStep(limits: ReadLimits): (exchange: Identified) => Promise<Read> {
  return async (exchange) => {
    const { headers, route } = exchange;
    if (route.method === 'GET') {
      refuseBody(headers);
      return { ...exchange, body: null };
    }
    checkType(headers);
    const bytes = await collect(exchange.source, declaredLength(headers), limits);
    const parsed = parse(bytes, limits);
    const root = parsed instanceof Promise ? await parsed : parsed;
    checkShape(root, route.action);
    const { leaves, blocks, step } = classifyLeaves(root);
    const wait = sliced(step);
    if (wait) await wait;
    const body: Body = { bytes, root, leaves, blocks, splices: [] };
    return { ...exchange, client: classifyRequest(exchange.client, root), body };
  };
}

function refuseBody(headers: RequestHeaders): void {
  const length = headers.get('content-length');
  if ((length !== null && Number(length) !== 0) || headers.get('transfer-encoding') !== null) {
    throw new GatewayError('BODY_SHAPE', 'A GET request must not have a body.');
  }
}

/** RFC 9110 section 8.3: `application/json`, at most with `charset=utf-8`, and no content coding. */
function checkType(headers: RequestHeaders): void {
  const [type, ...parameters] = (headers.get('content-type') ?? '').split(';').map((part) => part.trim().toLowerCase());
  const fits = parameters.every((parameter) => parameter === 'charset=utf-8' || parameter === 'charset="utf-8"');
  if (type !== 'application/json' || !fits || parameters.length > 1 || headers.get('content-encoding') !== null) {
    throw new GatewayError('BODY_TYPE');
  }
}

function declaredLength(headers: RequestHeaders): number | null {
  const length = headers.get('content-length');
  return length === null ? null : Number(length);
}

function parse(bytes: Uint8Array, limits: ReadLimits): TapeNode | Promise<TapeNode> {
  try {
    const root = scanSliced(bytes, { ...defaultLimits, depth: limits.depth, keys: limits.keys });
    return root instanceof Promise ? root.catch(refuseText) : root;
  } catch (error) {
    return refuseText(error);
  }
}

function refuseText(error: unknown): never {
  if (!(error instanceof JsonFault)) throw error;
  if (error.where === 'limit') {
    throw new GatewayError('BODY_SHAPE', `This gateway does not accept the request body: ${error.message}.`);
  }
  throw new GatewayError('BODY_SYNTAX', `The request body is not valid JSON: ${error.message}.`);
}
