import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { requestFingerprint, toolCallFingerprint } from '../../src/approve/fingerprint.ts';
import { defaultLimits, scan } from '../../src/json/index.ts';
import type { Splice } from '../../src/model/body.ts';
import type { Masked } from '../../src/model/exchange.ts';
import type { Principal } from '../../src/model/principal.ts';

const principal: Principal = {
  tenant: 'acme',
  issuer: 'https://idp.example',
  subject: 'agent-7',
  kind: 'workload',
  person: null,
  owner: 'ann',
  groups: ['agents'],
  function: 'triage',
  actors: [],
  strength: null,
};

const bodyOf = {
  model: 'claude-sonnet-4-5',
  max_tokens: 128_000,
  stream: true,
  metadata: { user_id: 'u1' },
  system: [{ type: 'text', text: 'You are careful.', cache_control: { type: 'ephemeral' } }],
  tools: [
    {
      name: 'Bash',
      input_schema: { type: 'object', properties: { cache_control: { type: 'string' } } },
      cache_control: { type: 'ephemeral' },
    },
  ],
  messages: [
    { role: 'user', content: 'clean up' },
    {
      role: 'assistant',
      content: [{ type: 'tool_use', id: 't1', name: 'Bash', input: { command: 'ls', metadata: 1 } }],
    },
    {
      role: 'user',
      content: [{ type: 'tool_result', tool_use_id: 't1', content: 'a\nb', cache_control: { type: 'ephemeral' } }],
    },
  ],
};

interface Given {
  readonly text?: string;
  readonly principal?: Principal;
  readonly target?: string;
  readonly headers?: { readonly [name: string]: string };
  readonly role?: string;
  readonly splices?: Splice[];
}

function of(given: Given = {}) {
  const bytes = Buffer.from(given.text ?? JSON.stringify(bodyOf));
  const headers: { readonly [name: string]: string } = {
    'anthropic-version': '2023-06-01',
    'anthropic-beta': 'a-1,b-2',
    ...given.headers,
  };
  return requestFingerprint(
    {
      identity: { principal: given.principal ?? principal, token: {} },
      route: {
        pattern: '/v1/messages',
        action: 'messages.create',
        method: 'POST',
        target: given.target ?? '/v1/messages',
      },
      headers: { get: (name: string) => headers[name] ?? null, raw: [] },
      body: { bytes, root: scan(bytes, defaultLimits), leaves: [], blocks: [], splices: given.splices ?? [] },
    } as unknown as Masked,
    given.role ?? 'default',
  );
}

const changed = (change: (body: typeof bodyOf) => unknown) => {
  const copy = structuredClone(bodyOf);
  change(copy);
  return JSON.stringify(copy);
};

describe('the fingerprint of a request', () => {
  it('is a fixed value for a fixed request, and the hash of the content that a human is shown', async () => {
    const bound = await of();
    const oracle = createHash('sha256').update(`sallyport approval 1\0${bound.content}`).digest('hex');
    expect(bound.fingerprint).toBe(oracle);
    expect(bound.content).toBe(
      '{"action":"messages.create","anthropic_beta":["a-1","b-2"],"anthropic_version":"2023-06-01","body":{' +
        '"messages":[{"content":[{"text":"clean up","type":"text"}],"role":"user"},' +
        '{"content":[{"id":"t1","input":{"command":"ls","metadata":1},"name":"Bash","type":"tool_use"}],"role":"assistant"},' +
        '{"content":[{"content":[{"text":"a\\nb","type":"text"}],"tool_use_id":"t1","type":"tool_result"}],"role":"user"}],' +
        '"model":"claude-sonnet-4-5","system":[{"text":"You are careful.","type":"text"}],' +
        '"tools":[{"input_schema":{"properties":{"cache_control":{"type":"string"}},"type":"object"},"name":"Bash"}]},' +
        '"credential_role":"default","kind":"request","principal":["acme","https://idp.example","agent-7",[]],' +
        '"target":"/v1/messages"}',
    );
    expect(bound.fingerprint).toBe('463a7121107b49b1b1a7e9dbbb989a18d5ccb30abc98844c269f813c0e75f728');
  });

  const same: { readonly [what: string]: Given } = {
    'not streamed': { text: changed((body) => Object.assign(body, { stream: false })) },
    'without stream': { text: changed((body) => delete (body as { stream?: boolean }).stream) },
    'fewer max_tokens': { text: changed((body) => Object.assign(body, { max_tokens: 64_000 })) },
    'more max_tokens, which the grant bounds': {
      text: changed((body) => Object.assign(body, { max_tokens: 200_000 })),
    },
    'other metadata': { text: changed((body) => Object.assign(body, { metadata: { user_id: 'u2' } })) },
    'cache_control moved': {
      text: changed((body) => {
        delete (body.system[0] as { cache_control?: unknown }).cache_control;
        delete (body.tools[0] as { cache_control?: unknown }).cache_control;
        delete (body.messages[2]!.content[0] as { cache_control?: unknown }).cache_control;
        Object.assign(body.messages[1]!.content[0] as object, { cache_control: { type: 'ephemeral', ttl: '1h' } });
      }),
    },
    'a content as a block': {
      text: changed((body) => Object.assign(body.messages[0]!, { content: [{ type: 'text', text: 'clean up' }] })),
    },
    'other white space and order': {
      text: JSON.stringify(Object.fromEntries(Object.entries(bodyOf).reverse()), null, 2),
    },
    'betas in another order': { headers: { 'anthropic-beta': 'b-2, a-1,' } },
    'fresh groups': { principal: { ...principal, groups: ['others'], owner: null, function: null } },
  };
  it.each(Object.entries(same))('stays the same: %s', async (_, given) => {
    expect((await of(given)).fingerprint).toBe((await of()).fingerprint);
  });

  const different: { readonly [what: string]: Given } = {
    'one byte of a message': { text: JSON.stringify(bodyOf).replace('clean up', 'clean uq') },
    'a tool argument': { text: JSON.stringify(bodyOf).replace('"ls"', '"ls "') },
    'the model': { text: JSON.stringify(bodyOf).replace('sonnet', 'opus') },
    'another order of messages': { text: changed((body) => body.messages.reverse()) },
    'an unknown field': { text: changed((body) => Object.assign(body, { speed: 'fast' })) },
    'metadata inside a tool input': { text: JSON.stringify(bodyOf).replace('"metadata":1', '"metadata":2') },
    'cache_control inside a schema': { text: JSON.stringify(bodyOf).replace('{"type":"string"}', '{"type":"number"}') },
    'cache_control inside an unknown field': {
      text: changed((body) => Object.assign(body, { extra: { cache_control: 1 } })),
    },
    'how a number is spelled': { text: JSON.stringify(bodyOf).replace('"metadata":1', '"metadata":1.0') },
    'a beta more': { headers: { 'anthropic-beta': 'a-1,b-2,c-3' } },
    'another version': { headers: { 'anthropic-version': '2024-01-01' } },
    'another role': { role: 'other' },
    'another target': { target: '/v1/messages?beta=true' },
    'another subject': { principal: { ...principal, subject: 'agent-8' } },
    'another tenant': { principal: { ...principal, tenant: 'other' } },
    'somebody acting for the subject': { principal: { ...principal, actors: ['x'] } },
  };
  it.each(Object.entries(different))('changes with %s', async (_, given) => {
    expect((await of(given)).fingerprint).not.toBe((await of()).fingerprint);
  });

  it('is of the body after restore and mask', async () => {
    const text = JSON.stringify(bodyOf);
    const start = text.indexOf('"clean up"');
    const splices = [{ start, end: start + 10, bytes: Buffer.from('"[masked]"') }];
    const masked = await of({ splices });
    expect(masked.fingerprint).toBe((await of({ text: text.replace('clean up', '[masked]') })).fingerprint);
    expect(masked.content).not.toContain('clean up');
  });

  it('changes with any change of any value, whatever the JSON', async () => {
    const value = fc.jsonValue({ maxDepth: 3 });
    const field = fc.constantFrom('system', 'messages', 'tools', 'thinking', 'tool_choice', 'x');
    await fc.assert(
      fc.asyncProperty(field, value, value, async (name, one, other) => {
        const [a, b] = [one, other].map((it) => JSON.stringify({ [name]: it }));
        // A list whose items have a cache_control of their own, or a content that is a text, is the law's exception.
        fc.pre(!/cache_control|"content"/.test(a! + b!));
        const equal = (await of({ text: a! })).fingerprint === (await of({ text: b! })).fingerprint;
        expect(equal).toBe(sorted(one) === sorted(other));
      }),
    );
  });
});

describe('the fingerprint of a tool call', () => {
  const call = { principal, conversation: 'c1', tool: 'Bash', inputText: '{"command":"rm -rf /tmp/x","timeout":1e3}' };

  it('is a fixed value for a fixed call', () => {
    expect(toolCallFingerprint(call)).toEqual({
      kind: 'tool_call',
      content:
        '{"conversation":"c1","input":{"command":"rm -rf /tmp/x","timeout":1e3},"kind":"tool_call",' +
        '"principal":["acme","https://idp.example","agent-7",[]],"tool":"Bash"}',
      fingerprint: '28bdb2bda91896c45a039ac80da467b7b4f599ae3197a21ae7f6519395c127ff',
    });
  });

  it('does not depend on white space and order of the input', () => {
    const other = { ...call, inputText: ' { "timeout" : 1e3, "command" : "\\u0072m -rf \\/tmp/x" } ' };
    expect(toolCallFingerprint(other)).toEqual(toolCallFingerprint(call));
  });

  it.each([
    { inputText: '{"command":"rm -rf /tmp/y","timeout":1e3}' },
    { inputText: '{"command":"rm -rf /tmp/x","timeout":1000}' },
    { tool: 'bash' },
    { conversation: 'c2' },
    { principal: { ...principal, subject: 'agent-8' } },
  ])('changes with %j', (other) => {
    expect(toolCallFingerprint({ ...call, ...other }).fingerprint).not.toBe(toolCallFingerprint(call).fingerprint);
  });
});

/** JSON with sorted keys; the oracle's own. */
function sorted(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(sorted).join()}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const keys = Object.keys(value).sort();
  return `{${keys.map((key) => `${JSON.stringify(key)}:${sorted((value as { [key: string]: unknown })[key])}`).join()}}`;
}
