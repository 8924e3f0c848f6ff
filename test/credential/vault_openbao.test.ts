import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { type JSONWebKeySet, SignJWT } from 'jose';
import { describe, expect, it } from 'vitest';
import { Secret } from '../../src/model/secret.ts';
import { createOutbound } from '../../src/outbound/index.ts';
import { programOrSkip } from '../servers/gate.ts';
import { type OpenBao, startOpenBao } from '../servers/openbao.ts';
import { AUDIENCE, alive, startBench, type VaultUnderTest, vaultContract } from './contract.ts';

const program = programOrSkip('bao', 'credentials on a real OpenBao');

const policy = 'path "identity/oidc/token/claude" { capabilities = ["read"] }';

/** Root provisions what an operator would, and hands over an AppRole that may sign JWTs of the role and nothing else. */
async function provision(bao: OpenBao): Promise<VaultUnderTest> {
  const at = (value: unknown, name: string) => String((value as { data: { [name: string]: unknown } }).data[name]);
  await bao.root('POST', 'sys/auth/approle', { type: 'approle' });
  await bao.root('POST', 'sys/policies/acl/gateway', { policy });
  await bao.root('POST', 'identity/oidc/key/claude', { algorithm: 'ES256', allowed_client_ids: ['*'] });
  await bao.root('POST', 'identity/oidc/role/claude', { key: 'claude', client_id: AUDIENCE, ttl: '10m' });
  const tokenLife = async (seconds: number, longest: number) => {
    await bao.root('POST', 'auth/approle/role/gateway', {
      token_policies: ['gateway'],
      token_ttl: seconds,
      token_max_ttl: longest,
    });
  };
  await tokenLife(600, 3600);
  const roleId = at(await bao.root('GET', 'auth/approle/role/gateway/role-id'), 'role_id');
  const secretId = at(await bao.root('POST', 'auth/approle/role/gateway/secret-id'), 'secret_id');
  const entity = at(await bao.root('POST', 'identity/entity', { name: 'sallyport' }), 'id');
  const mounts = (await bao.root('GET', 'sys/auth')) as { data: { [mount: string]: { accessor: string } } };
  const accessor = mounts.data['approle/']?.accessor;
  await bao.root('POST', 'identity/entity-alias', { name: roleId, canonical_id: entity, mount_accessor: accessor });
  return {
    vault: {
      address: bao.address,
      ca_file: bao.caFile,
      auth: { method: 'approle', mount: 'approle', role_id: new Secret(roleId), secret_id: new Secret(secretId) },
    },
    issuer: `${bao.address}/v1/identity/oidc`,
    entity,
    secrets: [roleId, secretId],
    jwks: async () => (await bao.root('GET', 'identity/oidc/.well-known/keys')) as JSONWebKeySet,
    tokenLife,
    seal: bao.seal,
    unseal: bao.unseal,
    stop: bao.stop,
    async restart() {
      await bao.start();
      await bao.unseal();
    },
    async revoke(accessor) {
      await bao.root('POST', 'auth/token/revoke-accessor', { accessor });
    },
    alive: (accessor) =>
      bao.root('POST', 'auth/token/lookup-accessor', { accessor }).then(
        () => true,
        () => false,
      ),
    close: bao.close,
  };
}

if (program === null) it.skip('credentials on a real OpenBao', () => {});
else {
  vaultContract('a real OpenBao over TLS', async () => provision(await startOpenBao(program)));

  describe('logins at a real OpenBao', () => {
    it('takes a signed JWT, or a token that it must not revoke', async () => {
      const bao = await startOpenBao(program);
      const under = await provision(bao);
      const bench = await startBench(under.issuer, under.jwks);
      try {
        const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
        await bao.root('POST', 'sys/auth/jwt', { type: 'jwt' });
        await bao.root('POST', 'auth/jwt/config', {
          jwt_validation_pubkeys: [publicKey.export({ type: 'spki', format: 'pem' })],
        });
        await bao.root('POST', 'auth/jwt/role/gateway', {
          role_type: 'jwt',
          user_claim: 'sub',
          bound_audiences: ['vault'],
          token_policies: ['gateway'],
        });
        const jwt = new Secret(await workloadToken(privateKey));
        const { address, ca_file } = under.vault;
        const byJwt = bench.open({ address, ca_file, auth: { method: 'jwt', mount: 'jwt', role: 'gateway', jwt } });
        expect(await bench.send(await byJwt.lease('default', alive))).toBe(200);

        const { role_id, secret_id } = under.vault.auth as { role_id: Secret; secret_id: Secret };
        const login = (await bao.root('POST', 'auth/approle/login', {
          role_id: role_id.reveal(),
          secret_id: secret_id.reveal(),
        })) as { auth: { client_token: string; accessor: string } };
        const token = new Secret(login.auth.client_token);
        const byToken = bench.open({ address, ca_file, auth: { method: 'token', token } });
        expect(await bench.send(await byToken.lease('default', alive))).toBe(200);
        expect(bench.accessor()).toBe(login.auth.accessor);
        await byToken.close();
        expect(await under.alive(login.auth.accessor)).toBe(true);
      } finally {
        await bench.reset();
        await bench.close();
        await under.close();
      }
    });

    it('sends nothing to a server whose certificate it does not trust', async () => {
      const bao = await startOpenBao(program);
      const http = createOutbound();
      try {
        await expect(http.request({ url: `${bao.address}/v1/sys/health` })).rejects.toMatchObject({ code: 'connect' });
      } finally {
        await http.close();
        await bao.close();
      }
    });
  });
}

function workloadToken(key: KeyObject): Promise<string> {
  return new SignJWT({})
    .setProtectedHeader({ alg: 'ES256' })
    .setSubject('system:serviceaccount:sallyport')
    .setAudience('vault')
    .setIssuedAt()
    .setExpirationTime('5m')
    .sign(key);
}
