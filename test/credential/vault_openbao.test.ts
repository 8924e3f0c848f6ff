import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { SignJWT } from 'jose';
import { describe, expect, it } from 'vitest';
import { Secret } from '../../src/model/secret.ts';
import { createOutbound } from '../../src/outbound/index.ts';
import { withProgram } from '../servers/gate.ts';
import { startOpenBao } from '../servers/openbao.ts';
import { provisionVault } from '../servers/provision.ts';
import { alive, startBench, vaultContract } from './contract.ts';

withProgram('bao', 'credentials on a real OpenBao', (program) => {
  vaultContract('a real OpenBao over TLS', async () => provisionVault(await startOpenBao(program)));

  describe('logins at a real OpenBao', () => {
    it('takes a signed JWT, or a token that it must not revoke', async () => {
      const bao = await startOpenBao(program);
      const under = await provisionVault(bao);
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
});

function workloadToken(key: KeyObject): Promise<string> {
  return new SignJWT({})
    .setProtectedHeader({ alg: 'ES256' })
    .setSubject('system:serviceaccount:sallyport')
    .setAudience('vault')
    .setIssuedAt()
    .setExpirationTime('5m')
    .sign(key);
}
