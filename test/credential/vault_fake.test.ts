import { Secret } from '../../src/model/secret.ts';
import { startFakeVault } from '../servers/fake_vault.ts';
import { vaultContract } from './contract.ts';

vaultContract('a stand-in of Vault', async () => {
  const fake = await startFakeVault();
  return {
    vault: {
      address: fake.address,
      auth: {
        method: 'approle',
        mount: 'approle',
        role_id: new Secret(fake.roleId),
        secret_id: new Secret(fake.secretId),
      },
    },
    issuer: fake.issuer,
    entity: fake.entity,
    get secrets() {
      return [fake.roleId, fake.secretId, ...fake.given];
    },
    jwks: async () => fake.jwks,
    async tokenLife(seconds, longest) {
      fake.tokenLife = seconds;
      fake.tokenLongest = longest;
    },
    async seal() {
      fake.mood = 'sealed';
    },
    async unseal() {
      fake.mood = 'well';
    },
    stop: fake.stop,
    restart: fake.start,
    revoke: async (accessor) => fake.revoke(accessor),
    alive: async (accessor) => fake.alive(accessor),
    close: fake.stop,
  };
});
