import { createHmac, hash, randomBytes } from 'node:crypto';
import type { LoggedIn, SessionView } from '../model/login.ts';
import type { Identity } from '../model/principal.ts';
import type { Store } from '../store/index.ts';
import type { SessionTables } from './session_table.ts';

const IDLE_MS = 30 * 60_000;
const ABSOLUTE_MS = 8 * 3_600_000;
/** How often the last use is written at most: a page loads several things at once. */
const TOUCH_MS = 30_000;

/** A console session with the identity behind it. */
export interface Session extends SessionView {
  readonly identity: Identity;
}

/** Console sessions: in the shared store, so that a restart logs nobody out and every node knows of a logout. */
export interface Sessions {
  /** Begins a session under a fresh secret, and ends the one of `former` where there was one. */
  begin(person: LoggedIn, former: string | null): Promise<{ readonly secret: string; readonly session: Session }>;
  /**
   * The session of a secret. Null once it was idle for 30 minutes, 8 hours after the login, after a logout, and as soon
   * as the person, the login at the provider or the session itself is revoked. Where an open page asks by itself,
   * `watching`, that is no use of the session.
   */
  find(secret: string, watching?: boolean): Promise<Session | null>;
  end(secret: string): Promise<void>;
  /** Seconds that the cookie may be kept. */
  readonly maxAgeSeconds: number;
}

export interface SessionsOptions {
  readonly store: Store;
  /** Whether an identity is revoked. */
  readonly revoked: (identity: Identity) => boolean;
  /** Epoch milliseconds. */
  readonly clock?: () => number;
}

const digest = (secret: string) => hash('sha256', secret);

/** Makes the sessions over the shared store, whose tables must be up to date. */
export function createSessions({ store, revoked, clock = Date.now }: SessionsOptions): Sessions {
  const query = () => store.query<SessionTables>();
  const end = async (secret: string) => {
    await query().deleteFrom('console_session').where('id', '=', digest(secret)).execute();
  };
  return {
    maxAgeSeconds: ABSOLUTE_MS / 1000,
    async begin(person, former) {
      const at = clock();
      if (former !== null) await end(former);
      await query()
        .deleteFrom('console_session')
        .where((row) => row.or([row('until', '<=', at), row('last_at', '<=', at - IDLE_MS)]))
        .execute();
      const secret = randomBytes(32).toString('base64url');
      const name = `ses_${randomBytes(12).toString('hex')}`;
      const until = at + ABSOLUTE_MS;
      const { identity, authenticatedAt } = person;
      await query()
        .insertInto('console_session')
        .values({
          id: digest(secret),
          name,
          identity: JSON.stringify(identity),
          authenticated_at: authenticatedAt,
          at,
          last_at: at,
          until,
        })
        .execute();
      return { secret, session: sessionOf(secret, name, identity, authenticatedAt, until) };
    },
    async find(secret, watching = false) {
      const at = clock();
      const id = digest(secret);
      const row = await query().selectFrom('console_session').selectAll().where('id', '=', id).executeTakeFirst();
      if (!row) return null;
      const identity = JSON.parse(row.identity) as Identity;
      const over = row.until <= at || row.last_at <= at - IDLE_MS;
      if (over || revoked(identity) || revoked(namedSession(identity, row.name))) {
        await end(secret);
        return null;
      }
      if (!watching && at - row.last_at >= TOUCH_MS) {
        await query().updateTable('console_session').set({ last_at: at }).where('id', '=', id).execute();
      }
      return sessionOf(secret, row.name, identity, row.authenticated_at, row.until);
    },
    end,
  };
}

function sessionOf(secret: string, id: string, identity: Identity, authenticatedAt: number, endsAt: number): Session {
  return {
    id,
    identity,
    actor: { principal: identity.principal, authenticatedAt, via: 'session' },
    csrf: createHmac('sha256', secret).update('sallyport form token').digest('base64url'),
    endsAt,
  };
}

/** The same person in the session of the console, which can be revoked by its own name too. */
function namedSession(identity: Identity, name: string): Identity {
  return { ...identity, token: { ...identity.token, session: name } };
}
