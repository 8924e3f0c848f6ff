import { hash, randomBytes } from 'node:crypto';
import type { LoggedIn } from '../model/login.ts';
import type { Store } from '../store/index.ts';
import type { SessionTables } from './session_table.ts';

const ATTEMPT_MS = 600_000;
const MOST_OPEN = 1_000;

/** A login under way at an identity provider. */
export interface Attempt {
  readonly provider: string;
  readonly kind: 'oidc' | 'saml';
  /** Id of the SAML request. */
  readonly request: string;
  readonly nonce: string;
  /** PKCE verifier. */
  readonly verifier: string;
  readonly returnTo: string;
  /** Whether a fresh login was asked for. */
  readonly again: boolean;
  /** Epoch milliseconds. */
  readonly startedAt: number;
  /** Who it is, once a SAML response has proven it. */
  readonly person: LoggedIn | null;
}

/** Logins under way, kept here and not in the browser: each for ten minutes, for one browser, once. */
export interface Attempts {
  /** `state` goes to the provider and back, `browser` into a cookie. Null where too many are open. */
  start(
    attempt: Pick<Attempt, 'provider' | 'kind' | 'returnTo' | 'again'>,
  ): Promise<{ readonly state: string; readonly browser: string; readonly attempt: Attempt } | null>;
  /** An open attempt, for the post of another site that has no cookie. */
  peek(state: string): Promise<Attempt | null>;
  /** Notes who has been proven; false where it was noted before. */
  prove(state: string, person: LoggedIn): Promise<boolean>;
  /** Takes the attempt of this browser; it is over then, whatever comes of it. */
  take(state: string, browser: string): Promise<Attempt | null>;
}

const digest = (secret: string) => hash('sha256', secret);
const fresh = () => randomBytes(32).toString('base64url');

/** Makes the attempts over the shared store, whose tables must be up to date. */
export function createAttempts(store: Store, clock: () => number = Date.now): Attempts {
  const query = () => store.query<SessionTables>();
  const open = (state: string) =>
    query().selectFrom('login_attempt').selectAll().where('id', '=', digest(state)).where('until', '>', clock());
  return {
    async start({ provider, kind, returnTo, again }) {
      const at = clock();
      await query().deleteFrom('login_attempt').where('until', '<=', at).execute();
      const { count } = await query()
        .selectFrom('login_attempt')
        .select((row) => row.fn.countAll<number>().as('count'))
        .executeTakeFirstOrThrow();
      if (Number(count) >= MOST_OPEN) return null;
      const [state, browser] = [fresh(), fresh()];
      const row = {
        id: digest(state),
        browser: digest(browser),
        provider,
        kind,
        // An XML name must not begin with a digit.
        request: `_${fresh()}`,
        nonce: fresh(),
        verifier: fresh(),
        return_to: returnTo,
        again: again ? 1 : 0,
        at,
        until: at + ATTEMPT_MS,
        person: null,
      };
      await query().insertInto('login_attempt').values(row).execute();
      return { state, browser, attempt: attemptOf(row) };
    },
    async peek(state) {
      const row = await open(state).executeTakeFirst();
      return row ? attemptOf(row) : null;
    },
    async prove(state, person) {
      const noted = await query()
        .updateTable('login_attempt')
        .set({ person: JSON.stringify(person) })
        .where('id', '=', digest(state))
        .where('person', 'is', null)
        .executeTakeFirst();
      return noted.numUpdatedRows > 0n;
    },
    async take(state, browser) {
      const row = await open(state).where('browser', '=', digest(browser)).executeTakeFirst();
      if (!row) return null;
      const taken = await query().deleteFrom('login_attempt').where('id', '=', row.id).executeTakeFirst();
      return taken.numDeletedRows > 0n ? attemptOf(row) : null;
    },
  };
}

function attemptOf(row: SessionTables['login_attempt']): Attempt {
  const { provider, kind, request, nonce, verifier } = row;
  return {
    provider,
    kind,
    request,
    nonce,
    verifier,
    returnTo: row.return_to,
    again: row.again === 1,
    startedAt: row.at,
    person: row.person === null ? null : (JSON.parse(row.person) as LoggedIn),
  };
}
