import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type CryptoKey, exportJWK, generateKeyPair, type JWK, SignJWT } from 'jose';
import { afterEach } from 'vitest';
import { GatewayError } from '../../src/errors.ts';
import { createIdentify, type Identify, type IdentifyOptions, type IssuerEntry } from '../../src/identify/index.ts';
import type { AuditEvent } from '../../src/model/event.ts';
import type { Framed, Identified } from '../../src/model/exchange.ts';
import { createOutbound } from '../../src/outbound/index.ts';

const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

/** Runs after the test, last registered first. */
export function afterwards(close: () => unknown): void {
  closers.push(close);
}

export async function serve(listener: RequestListener): Promise<string> {
  const server: Server = createServer(listener);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  afterwards(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

export interface SigningKey {
  readonly privateKey: CryptoKey;
  readonly publicKey: CryptoKey;
  readonly jwk: JWK;
}

export async function signingKey(kid: string, alg = 'ES256'): Promise<SigningKey> {
  const { privateKey, publicKey } = await generateKeyPair(alg, { extractable: true });
  return { privateKey, publicKey, jwk: { ...(await exportJWK(publicKey)), kid, alg, use: 'sig' } };
}

/** A stand-in for an identity provider's key endpoint that counts what it serves. */
export interface KeyServer {
  readonly url: string;
  fetches: number;
  /** Answers every request; by default the key set. */
  answer: RequestListener;
}

export async function keyServer(keys: readonly JWK[]): Promise<KeyServer> {
  const state: KeyServer = { url: '', fetches: 0, answer: (_req, res) => void res.end(JSON.stringify({ keys })) };
  const url = await serve((req, res) => {
    state.fetches++;
    state.answer(req, res);
  });
  return Object.assign(state, { url: `${url}/jwks` });
}

/** Epoch seconds at which the tests play. */
export const T0 = 1_800_000_000;

export const issuerEntry: Omit<IssuerEntry, 'jwks'> = {
  name: 'idp',
  tenant: 'acme',
  issuer: 'https://idp.example/realm',
  kind: 'workload',
  audience: ['sallyport', 'sallyport-2'],
  admin_audience: 'sallyport-admin',
  algorithms: ['ES256', 'RS256'],
  max_age_s: 3600,
  map: { subject: 'sub', groups: 'groups', function: 'azp', owner: 'owner' },
};

export const claims = {
  iss: issuerEntry.issuer,
  aud: 'sallyport',
  sub: 'svc-1',
  iat: T0 - 60,
  exp: T0 + 600,
  jti: 'token-1',
  sid: 'session-1',
  groups: ['a', 'b'],
  azp: 'nightly',
};

export interface Bench {
  readonly identify: Identify;
  readonly revoked: Set<string>;
  readonly events: AuditEvent[];
  readonly failures: unknown[];
  /** Epoch milliseconds that the step sees; keys age by the same clock. */
  now: number;
  ask(token: string | null, headers?: { readonly [name: string]: string }): Promise<Identified>;
  refusal(token: string | null, headers?: { readonly [name: string]: string }): Promise<string>;
}

export function bench(issuers: readonly IssuerEntry[], options: Partial<IdentifyOptions> = {}): Bench {
  const outbound = createOutbound({ deadlineMs: 2000 });
  const revoked = new Set<string>();
  const events: AuditEvent[] = [];
  const failures: unknown[] = [];
  const identify = createIdentify({
    issuers,
    outbound,
    revocations: { revoked: (marks) => marks.some((mark) => revoked.has(mark)) },
    onEvent: (event) => events.push(event),
    onKeyFailure: (_issuer, error) => failures.push(error),
    clock: () => state.now,
    monotonic: () => state.now,
    random: () => 1,
    ...options,
  });
  afterwards(() => {
    identify.close();
    return outbound.close();
  });
  const state: Bench = {
    identify,
    revoked,
    events,
    failures,
    now: T0 * 1000,
    ask: async (token, headers = {}) =>
      identify.step(framed({ ...(token === null ? {} : { authorization: `Bearer ${token}` }), ...headers })),
    async refusal(token, headers) {
      try {
        await state.ask(token, headers);
      } catch (error) {
        if (error instanceof GatewayError) return `${error.code} ${error.detail?.split(': ')[1]?.split(' ')[0]}`;
        throw error;
      }
      return 'accepted';
    },
  };
  return state;
}

export function framed(headers: { readonly [name: string]: string }): Framed {
  const exchange: Pick<Framed, 'id' | 'headers' | 'client' | 'notes'> = {
    id: 'req_1',
    headers: { get: (name) => headers[name] ?? null, raw: Object.entries(headers) },
    client: { app: 'cli', version: 'claude-cli/2.1.330', class: null },
    notes: {},
  };
  return exchange as Framed;
}

export function sign(key: SigningKey, payload: object = claims, header: object = {}): Promise<string> {
  const { alg, kid } = key.jwk;
  return new SignJWT({ ...payload })
    .setProtectedHeader({ alg: alg!, ...(kid === undefined ? {} : { kid }), ...header })
    .sign(key.privateKey);
}
