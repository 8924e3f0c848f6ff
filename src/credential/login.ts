import type { Secret } from '../model/secret.ts';
import { CredentialFault } from './fault.ts';
import { FreshSecret, isHeaderSafe } from './secret_file.ts';
import { member } from './transport.ts';
import type { VaultClient } from './vault.ts';

/** How the gateway proves itself to Vault. */
export type VaultAuth =
  | { readonly method: 'approle'; readonly mount: string; readonly role_id: Secret; readonly secret_id: Secret }
  | { readonly method: 'jwt'; readonly mount: string; readonly role: string; readonly jwt: Secret }
  | { readonly method: 'token'; readonly token: Secret };

/** A Vault token as a login or a look-up gave it. Times in milliseconds. */
export interface VaultToken {
  readonly value: string;
  /** Names it in logs; null where Vault gave none. */
  readonly accessor: string | null;
  /** Infinity for a token without an end. */
  readonly life: number;
  readonly renewable: boolean;
}

/** Logs in once. Both clients make one bounded call; rejections are `CredentialFault`. */
export interface Login {
  /** Whether the token is made by the login, so that the gateway may revoke it. */
  readonly owned: boolean;
  /** `connect` makes a client for a token, null for none. */
  run(connect: (token: string | null) => Promise<VaultClient>, signal: AbortSignal): Promise<VaultToken>;
}

/** The login of a configured method. Secrets that come from files are read again at each login. */
export function createLogin(auth: VaultAuth): Login {
  switch (auth.method) {
    case 'approle': {
      const roleId = new FreshSecret(auth.role_id);
      const secretId = new FreshSecret(auth.secret_id);
      return byLogin(auth.mount, async () => ({ role_id: await roleId.read(), secret_id: await secretId.read() }));
    }
    case 'jwt': {
      const jwt = new FreshSecret(auth.jwt);
      return byLogin(auth.mount, async () => ({ role: auth.role, jwt: await jwt.read() }));
    }
    case 'token':
      return byToken(new FreshSecret(auth.token));
  }
}

function byLogin(mount: string, body: () => Promise<{ readonly [name: string]: string }>): Login {
  return {
    owned: true,
    async run(connect, signal) {
      const client = await connect(null);
      const auth = member(await client.write(`auth/${mount}/login`, await body(), signal), 'auth');
      return readToken(member(auth, 'client_token'), auth, 'lease_duration');
    },
  };
}

function byToken(token: FreshSecret): Login {
  return {
    owned: false,
    async run(connect, signal) {
      const value = await token.read();
      const client = await connect(value);
      const found = member(await client.read('auth/token/lookup-self', signal), 'data');
      return readToken(value, found, 'ttl');
    },
  };
}

/** Reads a token and what is known of it; a life of 0 means that it does not end. */
function readToken(value: unknown, facts: unknown, lifeName: string): VaultToken {
  const life = member(facts, lifeName);
  if (typeof value !== 'string' || !isHeaderSafe(value) || typeof life !== 'number' || !(life >= 0)) {
    throw new CredentialFault('protocol', 'the login of Vault gave no usable token');
  }
  const accessor = member(facts, 'accessor');
  return {
    value,
    accessor: typeof accessor === 'string' ? accessor : null,
    life: life === 0 ? Number.POSITIVE_INFINITY : life * 1000,
    renewable: member(facts, 'renewable') === true,
  };
}
