import { randomBytes, randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { exportJWK, generateKeyPair, type JSONWebKeySet, SignJWT } from 'jose';

/** What the stand-in does instead of answering. */
export type VaultMood =
  | 'well'
  | 'sealed'
  | 'standby'
  | 'denied'
  | 'behind'
  | 'hang'
  | 'reset'
  | 'bad_json'
  | 'not_json_error'
  | { readonly redirect: string };

interface Token {
  readonly accessor: string;
  endsAt: number;
  readonly lastEnd: number;
}

/** A small stand-in for the few paths of Vault that the gateway uses, with switches for what a real one cannot be made to do. */
export interface FakeVault {
  readonly address: string;
  readonly issuer: string;
  readonly entity: string;
  readonly roleId: string;
  readonly secretId: string;
  readonly jwks: JSONWebKeySet;
  mood: VaultMood;
  /** Moods for the next calls, before `mood` counts. */
  readonly next: VaultMood[];
  /** Seconds. */
  tokenLife: number;
  tokenLongest: number;
  /** `METHOD path` of every call, in order. */
  readonly calls: string[];
  /** The token header of every call, empty where there was none. */
  readonly tokensSeen: string[];
  /** Every token and JWT it ever gave out. */
  readonly given: string[];
  revoke(accessor: string): void;
  alive(accessor: string): boolean;
  /** Drops every connection and refuses new ones. */
  stop(): Promise<void>;
  start(): Promise<void>;
}

const AUDIENCE = 'https://api.anthropic.com';

export async function startFakeVault(): Promise<FakeVault> {
  const { publicKey, privateKey } = await generateKeyPair('ES256');
  const jwks = { keys: [{ ...(await exportJWK(publicKey)), kid: 'k1', alg: 'ES256' }] };
  const tokens = new Map<string, Token>();
  let port = 0;

  const server = createServer((request, response) => void handle(request, response));
  const start = async () => {
    await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
    port = (server.address() as { readonly port: number }).port;
  };
  await start();

  const vault: FakeVault = {
    address: `http://127.0.0.1:${port}`,
    issuer: `http://127.0.0.1:${port}/v1/identity/oidc`,
    entity: randomUUID(),
    roleId: randomUUID(),
    secretId: randomUUID(),
    jwks,
    mood: 'well',
    next: [],
    tokenLife: 600,
    tokenLongest: 3600,
    calls: [],
    tokensSeen: [],
    given: [],
    revoke(accessor) {
      for (const [value, token] of tokens) if (token.accessor === accessor) tokens.delete(value);
    },
    alive: (accessor) => [...tokens.values()].some((token) => token.accessor === accessor && token.endsAt > Date.now()),
    start,
    async stop() {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
    },
  };

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const text: string[] = [];
    for await (const chunk of request.setEncoding('utf8')) text.push(String(chunk));
    const path = (request.url ?? '').replace(/^\/v1\//, '');
    vault.calls.push(`${request.method} ${path}`);
    const given = String(request.headers['x-vault-token'] ?? '');
    vault.tokensSeen.push(given);
    const mood = vault.next.shift() ?? vault.mood;
    if (mood !== 'well') return sulk(mood, request, response);
    const [status, body] = await answer(
      `${request.method} ${path}`,
      given,
      text.length ? JSON.parse(text.join('')) : {},
    );
    response.writeHead(status, { 'content-type': 'application/json' });
    response.end(body === null ? undefined : JSON.stringify(body));
  }

  async function answer(
    what: string,
    given: string,
    body: { readonly [name: string]: unknown },
  ): Promise<readonly [status: number, body: unknown]> {
    if (what === 'POST auth/approle/login') {
      if (body.role_id !== vault.roleId || body.secret_id !== vault.secretId) {
        return [400, { errors: [`invalid role or secret ID: ${String(body.secret_id)}`] }];
      }
      const now = Date.now();
      const value = `hvs.${randomBytes(24).toString('base64url')}`;
      const accessor = `accessor-${tokens.size}-${randomBytes(3).toString('hex')}`;
      const endsAt = now + Math.min(vault.tokenLife, vault.tokenLongest) * 1000;
      tokens.set(value, { accessor, endsAt, lastEnd: now + vault.tokenLongest * 1000 });
      vault.given.push(value);
      return [200, { auth: { client_token: value, accessor, lease_duration: vault.tokenLife, renewable: true } }];
    }
    const token = tokens.get(given);
    if (token === undefined || token.endsAt <= Date.now()) return [403, { errors: [`permission denied: ${given}`] }];
    switch (what) {
      case 'GET auth/token/lookup-self':
        return [
          200,
          { data: { ttl: Math.round((token.endsAt - Date.now()) / 1000), renewable: true, accessor: token.accessor } },
        ];
      case 'POST auth/token/renew-self': {
        const wanted = Date.now() + Number(body.increment) * 1000;
        token.endsAt = Math.min(wanted, token.lastEnd);
        const granted = Math.max(0, Math.floor((token.endsAt - Date.now() + 5) / 1000));
        return [
          200,
          { auth: { client_token: given, accessor: token.accessor, lease_duration: granted, renewable: true } },
        ];
      }
      case 'POST auth/token/revoke-self':
        tokens.delete(given);
        return [204, null];
      case 'GET identity/oidc/token/claude': {
        const jwt = await new SignJWT({ namespace: 'root' })
          .setProtectedHeader({ alg: 'ES256', kid: 'k1' })
          .setIssuer(vault.issuer)
          .setSubject(vault.entity)
          .setAudience(AUDIENCE)
          .setIssuedAt()
          .setExpirationTime('10m')
          .sign(privateKey);
        vault.given.push(jwt);
        return [200, { data: { token: jwt, client_id: AUDIENCE, ttl: 600 } }];
      }
      default:
        return [403, { errors: ['1 error occurred: permission denied'] }];
    }
  }
  return vault;
}

function sulk(mood: Exclude<VaultMood, 'well'>, request: IncomingMessage, response: ServerResponse): void {
  const fail = (status: number, reason: string) => {
    response.writeHead(status, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ errors: [reason] }));
  };
  if (typeof mood === 'object') {
    response.writeHead(307, { location: `${mood.redirect}${request.url}` }).end();
    return;
  }
  switch (mood) {
    case 'sealed':
      fail(503, 'Vault is sealed');
      break;
    case 'standby':
      fail(429, 'standby');
      break;
    case 'denied':
      // What it was sent comes back, as some proxies do.
      fail(403, `permission denied for ${String(request.headers['x-vault-token'] ?? 'no token')}`);
      break;
    case 'behind':
      fail(412, 'required index state not present');
      break;
    case 'reset':
      request.socket.resetAndDestroy();
      break;
    case 'bad_json':
      response.writeHead(200, { 'content-type': 'application/json' }).end('{"data": {"token": ');
      break;
    case 'not_json_error':
      response.writeHead(502, { 'content-type': 'text/html' }).end('<html>bad gateway</html>');
      break;
    case 'hang':
      break;
  }
}
