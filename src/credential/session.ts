import { Secret } from '../model/secret.ts';
import type { Breaker } from './breaker.ts';
import { type Clock, pause } from './clock.ts';
import { CredentialFault, toFault } from './fault.ts';
import type { CredentialLog } from './log.ts';
import type { Login, VaultToken } from './login.ts';
import { Revocations } from './revocations.ts';
import { backoff, renewalSleep, tokenGrace } from './schedule.ts';
import { member } from './transport.ts';
import type { VaultClient } from './vault.ts';

const RETRY_MS = 100;
/** How long a token may be unknown to another node of Vault after its login. */
const SETTLE_MS = 1_000;
const BACKOFF_FIRST_MS = 500;
const BACKOFF_MOST_MS = 30_000;

/** One token with its client; never changed but for its end. */
interface Generation {
  readonly client: VaultClient;
  readonly accessor: string | null;
  readonly since: number;
  /** What was granted at login, and what each renewal asks for. */
  readonly life: number;
  endsAt: number;
  renewable: boolean;
}

export interface SessionOptions {
  readonly connect: (token: Secret | null) => Promise<VaultClient>;
  readonly login: Login;
  readonly breaker: Breaker;
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: CredentialLog;
  /** Called after each login with the accessor of the token. */
  readonly onLogin: (accessor: string | null) => void;
}

/**
 * The gateway's login at Vault: one token for the whole process, made when first needed, renewed by the rules of
 * Vault's LifetimeWatcher, replaced before it can no longer be renewed, and revoked at the end. One network error never
 * ends it; a definite 400 or 403 does.
 */
export class VaultSession {
  readonly #options: SessionOptions;
  readonly #closing = new AbortController();
  #generation: Generation | null = null;
  #login: Promise<Generation> | null = null;
  #cancelTimer: () => void = () => {};
  readonly #revocations: Revocations;

  constructor(options: SessionOptions) {
    this.#options = options;
    const { clock, random, log, login } = options;
    this.#revocations = new Revocations({ clock, random, log, owned: login.owned });
  }

  /**
   * Reads a path with a valid token. A 403 right after the login is tried once more (another node may not know the
   * token yet); a token that is gone is replaced once.
   *
   * @throws CredentialFault
   */
  async read(path: string): Promise<unknown> {
    const { clock } = this.#options;
    const first = await this.#current();
    const attempt = (generation: Generation) => this.#call((signal) => generation.client.read(path, signal), true);
    const denied = await attempt(first).then(done, ifDenied);
    if (!(denied instanceof CredentialFault)) return denied.answer;
    if (clock.now() < first.since + SETTLE_MS) {
      await pause(clock, RETRY_MS, this.#closing.signal);
      const again = await attempt(first).then(done, ifDenied);
      if (!(again instanceof CredentialFault)) return again.answer;
    }
    if (await this.#knows(first)) throw denied;
    this.#drop(first);
    return attempt(await this.#current());
  }

  /** Ends renewal and revokes the token where the login made it; best effort, at most 3 s. */
  async close(): Promise<void> {
    this.#cancelTimer();
    this.#closing.abort();
    const last = this.#generation;
    this.#generation = null;
    await this.#revocations.close(last);
  }

  async #current(): Promise<Generation> {
    const generation = this.#generation;
    if (generation !== null && this.#options.clock.now() < generation.endsAt) return generation;
    return this.#logIn();
  }

  /** Logs in; all who ask meanwhile get the same token. */
  #logIn(): Promise<Generation> {
    this.#login ??= this.#newGeneration().finally(() => {
      this.#login = null;
    });
    return this.#login;
  }

  async #newGeneration(): Promise<Generation> {
    const { clock, login, connect, onLogin } = this.#options;
    const since = clock.now();
    const made = await this.#call(
      (signal) => login.run((token) => connect(token === null ? null : new Secret(token)), signal),
      false,
    );
    const client = await connect(new Secret(made.value));
    const generation = { client, ...lifeOf(made, since) };
    if (this.#closing.signal.aborted) {
      await this.#revocations.close(generation);
      throw closed();
    }
    const previous = this.#generation;
    this.#generation = generation;
    this.#schedule(generation);
    onLogin(made.accessor);
    if (previous !== null) this.#revocations.add(previous);
    return generation;
  }

  /** Whether Vault still knows the token: a 403 was then about the path, and another login would not help. */
  async #knows(generation: Generation): Promise<boolean> {
    const found = await this.#call((signal) => generation.client.read('auth/token/lookup-self', signal), true).then(
      done,
      ifDenied,
    );
    return !(found instanceof CredentialFault);
  }

  #drop(generation: Generation): void {
    if (this.#generation !== generation) return;
    this.#generation = null;
    this.#cancelTimer();
  }

  /** Plans the next renewal or replacement, or the next try of it after `failures` in a row. */
  #schedule(generation: Generation, failures = 0, replace = false): void {
    const { clock, random } = this.#options;
    this.#cancelTimer();
    if (generation.endsAt === Number.POSITIVE_INFINITY || this.#closing.signal.aborted) return;
    const left = generation.endsAt - clock.now();
    const grace = tokenGrace(generation.life, random);
    let wait: number;
    let mustReplace = replace || !generation.renewable;
    if (failures === 0) {
      wait = mustReplace ? Math.max(0, left - grace) : renewalSleep(left, grace);
    } else {
      // After its end the next reader logs in.
      if (left <= 0) return;
      mustReplace ||= left <= grace;
      // Half of what is left at most, so that there is always another try before the end.
      wait = Math.min(backoff(failures, BACKOFF_FIRST_MS, BACKOFF_MOST_MS, random), Math.max(left / 2, RETRY_MS));
    }
    this.#cancelTimer = clock.after(wait, () => void this.#keepUp(generation, failures, mustReplace));
  }

  /** Renews the token, or replaces it where it can no longer be renewed as asked. Never rejects. */
  async #keepUp(generation: Generation, failures: number, mustReplace: boolean): Promise<void> {
    if (this.#generation !== generation) return;
    let replace = mustReplace;
    try {
      if (!replace) replace = !(await this.#renew(generation));
      if (replace) await this.#logIn();
      else this.#schedule(generation);
    } catch (thrown) {
      if (this.#closing.signal.aborted) return;
      const fault = toFault(thrown);
      const { log } = this.#options;
      log.warn('the Vault token was not renewed', { detail: fault.message, accessor: generation.accessor });
      if (!replace && (fault.status === 400 || fault.status === 403)) {
        this.#drop(generation);
        await this.#logIn().catch((again) => log.warn('the login at Vault failed', { detail: toFault(again).message }));
      } else if (this.#generation === generation) {
        this.#schedule(generation, failures + 1, replace);
      }
    }
  }

  /** False where Vault granted less than asked for: the token nears its last end and must be replaced now. */
  async #renew(generation: Generation): Promise<boolean> {
    const { clock } = this.#options;
    const askedAt = clock.now();
    const increment = Math.round(generation.life / 1000);
    const answer = await this.#call(
      (signal) => generation.client.write('auth/token/renew-self', { increment }, signal),
      true,
    );
    const auth = member(answer, 'auth');
    const granted = member(auth, 'lease_duration');
    if (typeof granted !== 'number') throw new CredentialFault('protocol', 'Vault renewed without saying how long');
    generation.endsAt = granted === 0 ? Number.POSITIVE_INFINITY : askedAt + granted * 1000;
    generation.renewable = member(auth, 'renewable') === true;
    return granted === 0 || granted >= increment;
  }

  /** One call through the breaker, tried once more where the failure may pass and repeating does no harm. */
  #call<T>(call: (signal: AbortSignal) => Promise<T>, repeatable: boolean): Promise<T> {
    const { breaker, clock, random } = this.#options;
    const signal = this.#closing.signal;
    if (signal.aborted) return Promise.reject(closed());
    return breaker.run(async () => {
      try {
        return await call(signal);
      } catch (thrown) {
        const fault = toFault(thrown);
        const passing = fault.kind === 'unreachable' || fault.kind === 'unavailable' || fault.kind === 'inconsistent';
        if (!repeatable || !passing || signal.aborted) throw fault;
        await pause(clock, RETRY_MS * (0.5 + random()), signal);
        return call(signal);
      }
    });
  }
}

function lifeOf(made: VaultToken, since: number): Omit<Generation, 'client'> {
  const { accessor, life, renewable } = made;
  return { accessor, since, life, endsAt: since + life, renewable };
}

function closed(): CredentialFault {
  return new CredentialFault('closed', 'the gateway is shutting down');
}

const done = (answer: unknown): { readonly answer: unknown } => ({ answer });

function ifDenied(thrown: unknown): CredentialFault {
  const fault = toFault(thrown);
  if (fault.kind === 'denied') return fault;
  throw fault;
}
