import { hash, randomBytes, randomInt } from 'node:crypto';
import type { DeviceApprovals, LoggedIn } from '../model/login.ts';
import type { Store } from '../store/index.ts';
import type { GatewayTokens, IssuedToken } from './gateway_tokens.ts';
import { type RevocationCheck, revocationMark, revocationMarks } from './revocation_marks.ts';
import type { IdentifyTables } from './tables.ts';

/** Consonants alone, so that no code is a word (RFC 8628 section 6.1). */
const LETTERS = 'BCDFGHJKLMNPQRSTVWXZ';
const REQUEST_MS = 600_000;
const INTERVAL_S = 5;
const MOST_OPEN = 1_000;

/** Why a poll or a renewal gives no token: the words of RFC 8628 section 3.5 and RFC 6749 section 5.2. */
export type DeviceRefusal = 'authorization_pending' | 'slow_down' | 'access_denied' | 'expired_token' | 'invalid_grant';

export interface DeviceGrant {
  readonly issued: IssuedToken;
  readonly person: LoggedIn;
  /** What renews the token within the login; given once. */
  readonly secret: string | null;
  /** Seconds until the login ends. */
  readonly loginExpiresIn: number;
  /** Public name of the login. */
  readonly session: string;
}

/** Logins of command lines and other devices (RFC 8628), approved by a person in the console. */
export interface Devices extends DeviceApprovals {
  /** Opens a request; null where too many are open. */
  start(
    client: string,
    remote: string,
  ): Promise<{ deviceCode: string; userCode: string; expiresIn: number; interval: number } | null>;
  /** One poll of the device; a request gives one login. */
  poll(deviceCode: string): Promise<DeviceGrant | DeviceRefusal>;
  /** A fresh token within a login: the secret stays the same, the login's end too. */
  renew(secret: string): Promise<DeviceGrant | DeviceRefusal>;
  /** Ends a login; tokens that it gave live on to their own end. */
  end(secret: string): Promise<void>;
}

export interface DevicesOptions {
  readonly store: Store;
  readonly tokens: GatewayTokens;
  readonly revocations: RevocationCheck;
  /** Seconds that a login lasts. */
  readonly loginSeconds: number;
  /** Epoch milliseconds. */
  readonly clock?: () => number;
}

const digest = (text: string) => hash('sha256', text);

/** Makes the device logins over the shared store, whose tables must be up to date. */
export function createDevices({ store, tokens, revocations, loginSeconds, clock = Date.now }: DevicesOptions): Devices {
  const query = () => store.query<IdentifyTables>();
  const openRequest = (userCode: string) =>
    query()
      .selectFrom('device_request')
      .selectAll()
      .where('user_code', '=', normal(userCode))
      .where('state', '=', 'open')
      .where('until', '>', clock());

  const grant = async (
    name: string,
    person: LoggedIn,
    until: number,
    secret: string | null,
  ): Promise<DeviceGrant | DeviceRefusal> => {
    const left = Math.floor((until - clock()) / 1000);
    if (left < 1) return 'invalid_grant';
    const marks = [...revocationMarks(person.identity), revocationMark('sid', '', name)];
    if (revocations.revoked(marks)) return 'invalid_grant';
    const { principal } = person.identity;
    const issued = await tokens.mint({ principal, session: name, parents: [], lifetimeSeconds: left });
    return { issued, person, secret, loginExpiresIn: left, session: name };
  };

  const begin = async (client: string, person: LoggedIn): Promise<DeviceGrant | DeviceRefusal> => {
    const secret = `login_${randomBytes(32).toString('base64url')}`;
    const name = `ses_${randomBytes(12).toString('hex')}`;
    const at = clock();
    const until = at + loginSeconds * 1000;
    await query().deleteFrom('device_login').where('until', '<=', at).execute();
    await query()
      .insertInto('device_login')
      .values({ id: digest(secret), name, client, at, until, person: JSON.stringify(person) })
      .execute();
    return grant(name, person, until, secret);
  };

  return {
    async start(client, remote) {
      const at = clock();
      await query().deleteFrom('device_request').where('until', '<=', at).execute();
      const { open } = await query()
        .selectFrom('device_request')
        .select((row) => row.fn.countAll<number>().as('open'))
        .executeTakeFirstOrThrow();
      if (Number(open) >= MOST_OPEN) return null;
      const deviceCode = randomBytes(32).toString('base64url');
      const userCode = Array.from({ length: 8 }, () => LETTERS[randomInt(LETTERS.length)]).join('');
      await query()
        .insertInto('device_request')
        .values({
          id: digest(deviceCode),
          user_code: userCode,
          client,
          remote,
          at,
          until: at + REQUEST_MS,
          polled_at: null,
          interval_s: INTERVAL_S,
          state: 'open',
          person: null,
        })
        .execute();
      return {
        deviceCode,
        userCode: shown(userCode),
        expiresIn: REQUEST_MS / 1000,
        interval: INTERVAL_S,
      };
    },

    async poll(deviceCode) {
      const id = digest(deviceCode);
      const row = await query().selectFrom('device_request').selectAll().where('id', '=', id).executeTakeFirst();
      const at = clock();
      if (!row || row.until <= at || row.state === 'used') return 'expired_token';
      if (row.state === 'denied') return 'access_denied';
      if (row.state === 'approved') {
        const taken = await query()
          .updateTable('device_request')
          .set({ state: 'used' })
          .where('id', '=', id)
          .where('state', '=', 'approved')
          .executeTakeFirst();
        if (taken.numUpdatedRows === 0n) return 'expired_token';
        return begin(row.client, JSON.parse(row.person ?? 'null') as LoggedIn);
      }
      const early = row.polled_at !== null && at - row.polled_at < row.interval_s * 1000 - 500;
      const interval = early ? row.interval_s + 5 : row.interval_s;
      await query()
        .updateTable('device_request')
        .set({ polled_at: at, interval_s: interval })
        .where('id', '=', id)
        .execute();
      return early ? 'slow_down' : 'authorization_pending';
    },

    async renew(secret) {
      const row = await query()
        .selectFrom('device_login')
        .selectAll()
        .where('id', '=', digest(secret))
        .executeTakeFirst();
      if (!row) return 'invalid_grant';
      return grant(row.name, JSON.parse(row.person) as LoggedIn, row.until, null);
    },

    async end(secret) {
      await query().deleteFrom('device_login').where('id', '=', digest(secret)).execute();
    },

    async find(userCode) {
      const row = await openRequest(userCode).executeTakeFirst();
      if (!row) return null;
      const { client, remote, at } = row;
      return { userCode: shown(row.user_code), client, remote, requestedAt: at, loginSeconds };
    },

    async decide(userCode, verdict, person) {
      const decided = await query()
        .updateTable('device_request')
        .set({ state: verdict === 'approve' ? 'approved' : 'denied', person: JSON.stringify(person) })
        .where('user_code', '=', normal(userCode))
        .where('state', '=', 'open')
        .where('until', '>', clock())
        .executeTakeFirst();
      return decided.numUpdatedRows > 0n;
    },
  };
}

/** However a person types it. */
function normal(userCode: string): string {
  return userCode.toUpperCase().replace(/[^A-Z]/g, '');
}

function shown(userCode: string): string {
  return `${userCode.slice(0, 4)}-${userCode.slice(4)}`;
}
