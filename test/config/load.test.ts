import { generateKeyPairSync } from 'node:crypto';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';
import { ConfigFaults, developmentConfig, type Environment, loadConfig, printConfig } from '../../src/config/index.ts';

const folder = mkdtempSync(join(tmpdir(), 'sallyport-config-'));
afterAll(() => rmSync(folder, { recursive: true }));

const keyEnv = { CLAUDE_KEY: 'sk-ant-api03-Zm9vYmFy' };
const least = `
identity: { development: true }
credential: { roles: { default: { source: static, secret: { env: CLAUDE_KEY }, scheme: x-api-key } } }
`;

function write(name: string, text: string, mode = 0o600): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  chmodSync(path, mode);
  return path;
}

function load(text: string, env: Environment = keyEnv) {
  return loadConfig(write('gateway.yaml', text), env);
}

/** The faults of a configuration, as `path: message` lines. */
function faultsOf(text: string, env: Environment = keyEnv): string[] {
  try {
    load(text, env);
  } catch (thrown) {
    if (thrown instanceof ConfigFaults) return thrown.faults.map((fault) => `${fault.path}: ${fault.message}`);
    throw thrown;
  }
  return [];
}

const withKey = (text: string) => `${least}\n${text}`;

describe('a configuration file', () => {
  test('needs only who may ask and a credential; the rest has defaults, and paths start at its folder', () => {
    const config = load(least);
    expect(config.listen).toEqual({ data: '127.0.0.1:8787', admin: '127.0.0.1:8788' });
    expect(config.data_dir).toBe(join(folder, '.sallyport'));
    expect(config.upstream).toEqual({ url: 'https://api.anthropic.com', auth: 'auto', headers: {} });
    expect(config.policy).toEqual({ source: 'builtin', keys: [] });
    expect(config.limits.body_bytes).toBe(32 * 1024 * 1024);
    expect(config.record.mode).toBe('strict');
    expect(config.replies.claude_code_denial_status).toBe(451);
  });

  test('has all its faults reported at once, each with its path and a hint', () => {
    const text = `
listen: { data: "0.0.0.0:80", admn: "127.0.0.1:1" }
identity:
  issuers:
    - { name: sso, tenant: acme, issuer: "https://sso", kind: human, audience: a, admin_audience: a, algorithms: [HS256], jwks: { url: "http://sso/jwks" } }
policy: { source: ./bundles }
credential: { default_role: other, roles: { default: { source: static, secret: { env: MISSING }, scheme: bearer } } }
limits: { body_depth: many }
mask: { values: [ { name: a, secret: { env: CLAUDE_KEY } }, { name: a, secret: { env: MISSING } } ] }
`;
    expect(faultsOf(text)).toEqual([
      'listen.data: not a loopback address',
      'listen.admn: not a known key',
      expect.stringMatching(/^identity\.issuers\[0\]\.algorithms\[0\]: expected one of RS256, /),
      'identity.issuers[0].jwks.url: plain http to a host that is not loopback',
      'identity.issuers[0].admin_audience: equals an audience',
      'identity.issuers[0].map.person: missing, and a human issuer needs it',
      'policy.keys: no key',
      'policy.scope: no scope',
      'credential.roles.default.secret: that environment variable is not set',
      'credential.default_role: there is no role of that name',
      'mask.values[1].secret: that environment variable is not set',
      'mask.values[1].name: the same as in an earlier entry',
      'limits.body_depth: expected number, received string',
    ]);
    try {
      load(text);
    } catch (thrown) {
      const { faults, message } = thrown as ConfigFaults;
      expect(message).toContain('13 faults in ');
      expect(message).toContain('Did you mean admin?');
      expect(faults.filter(({ hint }) => hint === '')).toEqual([]);
    }
  });

  test('that is missing or not YAML is one fault that says where', () => {
    expect(() => loadConfig(join(folder, 'none.yaml'), {})).toThrow(/none\.yaml: cannot be read \(ENOENT\)/);
    expect(faultsOf('listen: {\nlog: [')[0]).toMatch(/^line \d+, column \d+: not YAML/);
    expect(faultsOf('a: 1\na: 2')).toEqual(['line 2, column 1: not YAML: a key that its mapping has already']);
    expect(faultsOf('a:\n\tb: 1')).toEqual(['line 2, column 1: not YAML: a tab as indentation']);
    expect(faultsOf('a:\n  b: 1\n c: 2')[0]).toMatch(/^line \d, column \d+: not YAML: wrong indentation/);
    expect(faultsOf('- list')).toEqual(['the file: not a mapping of keys']);
    expect(faultsOf('')).toContain('credential: expected mapping, but it is missing');
  });
});

describe('environment overrides', () => {
  test('set a key by its path, in YAML', () => {
    const config = load(least, {
      ...keyEnv,
      SALLYPORT_LISTEN__DATA: '"[::1]:0"',
      SALLYPORT_LIMITS__DRAIN_S: '5',
      SALLYPORT_MASK__VALUES__0: '{ name: pin, secret: { env: CLAUDE_KEY } }',
      SALLYPORT_CREDENTIAL__ROLES__DEFAULT__SCHEME: 'bearer',
    });
    expect(config.listen.data).toBe('[::1]:0');
    expect(config.limits.drain_s).toBe(5);
    expect(config.mask.values[0]?.secret.reveal()).toBe(keyEnv.CLAUDE_KEY);
    expect(config.credential.roles.default).toMatchObject({ source: 'static', scheme: 'bearer' });
  });

  test.each([
    ['SALLYPORT_LISTEN____DATA', 'x', 'SALLYPORT_LISTEN____DATA: not a path into the configuration'],
    ['SALLYPORT___PROTO____POLLUTED', 'x', 'SALLYPORT___PROTO____POLLUTED: not a path into the configuration'],
    [
      'SALLYPORT_IDENTITY__DEVELOPMENT__ON',
      'x',
      'SALLYPORT_IDENTITY__DEVELOPMENT__ON: leads through a value that has no such key',
    ],
    ['SALLYPORT_LOG', '{', 'SALLYPORT_LOG: the value is not YAML'],
    ['SALLYPORT_LOGS', 'x', 'SALLYPORT_LOGS: not a known key'],
    ['SALLYPORT_LOG__LEVEL', 'loud', expect.stringMatching(/^SALLYPORT_LOG__LEVEL: expected one of trace, /)],
    ['SALLYPORT_MASK__VALUES__7', 'x', 'SALLYPORT_MASK__VALUES__7: leads through a value that has no such key'],
  ])('that cannot be applied are faults: %s', (name, value, expected) => {
    expect(faultsOf(withKey('mask: { values: [] }'), { ...keyEnv, [name]: value })).toEqual([expected]);
    expect({}).not.toHaveProperty('polluted');
  });
});

test('variables of the command line do not count as configuration', () => {
  const env = { ...keyEnv, SALLYPORT_TOKEN: 'a token', SALLYPORT_GATEWAY: 'https://gateway.example' };
  expect(faultsOf(least, env)).toEqual([]);
});

describe('hints', () => {
  /** The hint of the only fault. */
  const hintOf = (text: string) => {
    try {
      load(text);
    } catch (thrown) {
      return (thrown as ConfigFaults).faults.map(({ hint }) => hint).join();
    }
    return '';
  };

  test('name the form that a key goes with, where it stands in another one', () => {
    const role = least.replace('scheme: x-api-key', 'scheme: x-api-key, oidc_role: agents');
    expect(hintOf(role)).toBe('It goes with source: vault_oidc.');
  });

  test('say what a list is for, where one of its places is wrong', () => {
    expect(hintOf(withKey('policy: { keys: [5] }'))).toContain('Keys that may sign bundles.');
  });
});

describe('files that are not what they should be', () => {
  const at = (key: string) => withKey(`policy: { source: ./bundles, scope: production, keys: [${key}] }`);
  const pem = (curve: string) =>
    generateKeyPairSync('ec', { namedCurve: curve }).publicKey.export({ type: 'spki', format: 'pem' }).toString();

  test('a key of bundles has to be a public key for its algorithm, under an id of its own', () => {
    write('p256.pem', pem('P-256'));
    write('p384.pem', pem('P-384'));
    write('text.pem', 'no key at all');
    const key = (kid: string, file: string) => `{ kid: ${kid}, algorithm: ES256, file: ${file} }`;
    expect(faultsOf(at(key('a', 'p256.pem')))).toEqual([]);
    expect(faultsOf(at(key('a', 'text.pem')))).toEqual(['policy.keys[0].file: the file is not a public key in PEM']);
    expect(faultsOf(at(key('a', 'p384.pem')))).toEqual([
      'policy.keys[0].file: the key in the file is not one for the algorithm',
    ]);
    expect(faultsOf(at(`${key('a', 'p256.pem')}, ${key('a', 'p256.pem')}`))).toEqual([
      'policy.keys[1].kid: the same as in an earlier entry',
    ]);
  });

  test('a JWKS, and the certificates of Vault and of a SAML provider', () => {
    write('text.pem', 'no certificate at all');
    const credential = least.trim().split('\n')[1]!;
    const issuer =
      '{ name: ci, tenant: t, issuer: "https://ci", kind: workload, audience: a, algorithms: [RS256], jwks: { file: text.pem } }';
    const saml =
      '{ name: idp, tenant: t, entity_id: e, sso_url: "https://idp", certificate: text.pem, audience: a, map: { person: mail } }';
    const vault =
      'vault: { address: "https://v:8200", ca_file: text.pem, auth: { method: token, token: { env: CLAUDE_KEY } } }';
    expect(
      faultsOf(`identity: { issuers: [${issuer}], saml: [${saml}] }
${credential.replace('{ roles', `{ ${vault}, roles`)}`),
    ).toEqual([
      'identity.issuers[0].jwks.file: the file is not a JWKS',
      'identity.saml[0].certificate: the file is not a certificate in PEM',
      'credential.vault.ca_file: the file is not a certificate in PEM',
    ]);
  });
});

describe('secrets', () => {
  const roleWith = (secret: string) =>
    `identity: { development: true }\ncredential: { roles: { default: { source: static, secret: ${secret}, scheme: bearer } } }`;
  const at = 'credential.roles.default.secret';

  test('come from an owner-only file, without its last line break', () => {
    write('key', 'sk-ant-oat01-QUJD\n');
    const role = load(roleWith('{ file: key }')).credential.roles.default;
    expect(role?.source === 'static' && role.secret.reveal()).toBe('sk-ant-oat01-QUJD');
  });

  test.each([
    [0o640, 'group or world may read or write the file'],
    [0o604, 'group or world may read or write the file'],
    [0o620, 'group or world may read or write the file'],
  ])('are refused from a file of mode %o', (mode, message) => {
    write('open-key', 'sk-ant-oat01-QUJD', mode);
    expect(faultsOf(roleWith('{ file: open-key }'))).toEqual([`${at}: ${message}`]);
  });

  test.each([
    'changeme',
    'sk-ant-api03-...',
    'sk-ant-your-key-here',
    '<your key>',
    'xxxxxxxx',
    '$'.concat('{CLAUDE_KEY}'),
    'Password',
  ])('known from examples are refused: %s', (value) => {
    expect(faultsOf(roleWith('{ env: KEY }'), { KEY: value })).toEqual([`${at}: the secret is one from an example`]);
  });

  test('are refused when written into the configuration, empty, missing or given twice, and never quoted', () => {
    expect(faultsOf(roleWith('sk-ant-api03-QUJD'))).toEqual([`${at}: expected mapping, received string`]);
    expect(faultsOf(roleWith('{ file: empty }'))).toEqual([`${at}: the file cannot be read (ENOENT)`]);
    expect(faultsOf(roleWith('{ env: KEY }'), { KEY: '' })).toEqual([`${at}: the secret is empty`]);
    expect(faultsOf(roleWith('{ env: KEY, file: key }'), { KEY: 'x' })).toEqual([
      `${at}: not one of {file: …} and {env: …}`,
    ]);
    expect(faultsOf(roleWith('{ file: . }'))).toEqual([`${at}: not a file`]);
    for (const place of [
      'log: { level: sk-ant-QUJD }',
      'sk: sk-ant-QUJD',
      'upstream: { url: "https://u:sk-ant-QUJD@h" }',
    ]) {
      expect(faultsOf(withKey(place)).join()).not.toContain('QUJD');
    }
  });

  test('show in no print, JSON or inspection of the configuration', () => {
    const config = load(least);
    const printed = printConfig(config);
    expect(printed).toContain('secret: "[secret]"');
    for (const text of [printed, JSON.stringify(config), inspect(config, { depth: 9, showHidden: true })]) {
      expect(text).not.toContain(keyEnv.CLAUDE_KEY);
    }
  });
});

describe('refusals', () => {
  test.each([
    ['listen: { data: "[::]:1" }', 'listen.data: not a loopback address'],
    ['listen: { data: gateway.example:1 }', 'listen.data: not a loopback address'],
    ['listen: { data: "127.0.0.1:99999" }', 'listen.data: not a host and port'],
    ['listen: { data: "127.0.0.1:1", admin: "127.0.0.1:1" }', 'listen.admin: the same address as listen.data'],
    ['upstream: { url: http://claude.example }', 'upstream.url: plain http to a host that is not loopback'],
    ['upstream: { url: http://127.0.0.1.example }', 'upstream.url: plain http to a host that is not loopback'],
    ['upstream: { url: "https://user:pw@h" }', 'upstream.url: the URL holds credentials'],
    ['upstream: { url: "https://h/?a=b" }', 'upstream.url: the URL has a query or a fragment'],
    ['upstream: { url: "file:///x" }', 'upstream.url: not an http or https URL'],
    [
      'upstream: { headers: { authorization: x } }',
      'upstream.headers.authorization: a header that only the gateway may set',
    ],
    [
      'upstream: { headers: { anthropic-workspace-id: x } }',
      'upstream.headers.anthropic-workspace-id: a header that only the gateway may set',
    ],
    ['upstream: { headers: { x-team: "a\\r\\nb: c" } }', 'upstream.headers.x-team: not a header value'],
    ['store: { url: "mysql://db/x" }', 'store.url: not a known store'],
    ['store: { url: "postgres://127.0.0.1" }', 'store.url: the URL names no database'],
    ['store: { url: "postgres://u:p@127.0.0.1/x" }', 'store.url: the URL holds a password'],
    ['store: { url: "postgres://db.example/x" }', 'store.url: PostgreSQL on another host without checked TLS'],
    ['store: { url: { env: NOT_THERE } }', 'store.url: that environment variable is not set'],
    [
      'approvals: { notify: [{ type: slack, name: a, channel: C1 }] }',
      'approvals.notify[0]: not one way to reach Slack',
    ],
    [
      'approvals: { notify: [{ type: webhook, name: a, url: "https://h", secret: { env: CLAUDE_KEY } }] }',
      'approvals.notify[0].secret: not a Standard Webhooks key: `whsec_` and at least 24 bytes of base64',
    ],
    [
      'replies: { claude_code_denial_status: 500 }',
      'replies.claude_code_denial_status: none of the forms that may stand here',
    ],
  ])('%s', (text, expected) => {
    expect(faultsOf(withKey(text))).toEqual([expected]);
  });

  test('the development issuer beside a real one, and no issuer at all', () => {
    const credential = least.split('\n')[2];
    const real =
      '{ name: ci, tenant: t, issuer: "https://ci", kind: workload, audience: a, algorithms: [RS256], jwks: { discovery: true } }';
    const both = `identity: { development: true, issuers: [${real}] }\n${credential}`;
    expect(faultsOf(both)).toEqual(['identity.development: on together with a real issuer']);
    expect(faultsOf(`${credential}`)).toEqual(['identity.issuers: nobody could be identified']);
    const twice = `identity: { issuers: [${real}, ${real}] }\n${credential}`;
    expect(faultsOf(twice)).toEqual([
      'identity.issuers[1].name: the same as in an earlier entry',
      'identity.issuers[1].issuer: the same as in an earlier entry',
    ]);
  });

  test('plain http to a Vault that is not loopback, and a role that needs a Vault without one', () => {
    const role =
      'roles: { default: { source: vault_oidc, oidc_role: r, federation_rule: fdrl_1, organization: 0b4f3c5e-8d0a-4a51-9d7c-0d6d9f1f2a3b, service_account: svac_1 } }';
    const head = 'identity: { development: true }\n';
    expect(faultsOf(`${head}credential: { ${role} }`)).toEqual([
      'credential.vault: missing, though a role has the source vault_oidc',
    ]);
    const vault = (address: string) =>
      `vault: { address: "${address}", auth: { method: token, token: { env: CLAUDE_KEY } } }`;
    expect(faultsOf(`${head}credential: { ${vault('http://vault:8200')}, ${role} }`)).toEqual([
      'credential.vault.address: plain http to a host that is not loopback',
    ]);
    expect(faultsOf(`${head}credential: { ${vault('http://127.0.0.1:8200')}, ${role} }`)).toEqual([]);
  });
});

test('the development configuration takes overrides key by key and is checked like a file', () => {
  const credential = { roles: { default: { source: 'static', secret: { env: 'KEY' }, scheme: 'bearer' } } } as const;
  const config = developmentConfig(folder, { credential, listen: { data: '127.0.0.1:0' } }, { KEY: 'a real key' });
  expect(config.identity.development).toBe(true);
  expect(config.data_dir).toBe(folder);
  expect(config.listen).toEqual({ data: '127.0.0.1:0', admin: '127.0.0.1:8788' });
  expect(() => developmentConfig(folder, { credential, listen: { data: '0.0.0.0:0' } }, { KEY: 'a real key' })).toThrow(
    ConfigFaults,
  );
});

test('whatever stands at its keys, a configuration is accepted or has faults, and nothing else is thrown', () => {
  const part = fc.letrec((tie) => ({
    tree: fc.oneof(
      { depthSize: 'small' },
      fc.constantFrom(null, true, 0, 1.5, '', 'builtin', 'vault_oidc', 'https://h', '127.0.0.1:0'),
      fc.array(tie('tree'), { maxLength: 2 }),
      fc.dictionary(
        fc.constantFrom(
          'source',
          'roles',
          'vault',
          'issuers',
          'kind',
          'map',
          'jwks',
          'auth',
          'method',
          'values',
          'keys',
          'data',
          'secret',
          'env',
          '__proto__',
        ),
        tie('tree'),
        { maxKeys: 4 },
      ),
    ),
  })).tree;
  const keys = fc.constantFrom('identity', 'policy', 'credential', 'mask', 'listen', 'upstream', 'store', 'data_dir');
  fc.assert(
    fc.property(fc.dictionary(keys, part), (tree) => {
      try {
        loadConfig(write('fuzz.yaml', JSON.stringify(tree)), keyEnv);
      } catch (thrown) {
        expect(thrown).toBeInstanceOf(ConfigFaults);
      }
    }),
    { numRuns: 80 },
  );
});
