import { createHash } from 'node:crypto';
import { type FSWatcher, readFileSync, watch } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Config } from '../config/index.ts';
import { GatewayError } from '../errors.ts';
import type { AdminRoute } from '../model/admin.ts';
import type { ActivePolicy, LoadPolicy, PolicyBundle, PolicySource, PolicyStatus } from '../model/decision.ts';
import type { AuditEvent } from '../model/event.ts';
import type { JsonObject } from '../model/json.ts';
import { replaceFile } from '../store/index.ts';
import { type Floors, openFloors } from './floor.ts';
import { BundleRefused } from './refusal.ts';
import { bundleRoutes } from './routes.ts';
import type { BundleKey } from './signature.ts';
import { builtinUrl, type VerifiedBundle, verifyBuiltin, verifyBundle } from './verify.ts';

/** The file that is looked for in a watched directory. */
const bundleFile = 'bundle.tar.gz';

export interface PolicySourceOptions {
  readonly config: Config['policy'];
  /** The data directory: floor and last good bundle are kept in its folder `policy`. */
  readonly directory: string;
  /** `loadPolicy` of the decide room. */
  readonly load: LoadPolicy;
  /** A bundle became active: what else it brings is to be used now. */
  readonly onActivated?: (bundle: PolicyBundle) => void;
  readonly onEvent: (event: AuditEvent) => Promise<void> | void;
  /** Epoch milliseconds; default `Date.now`. */
  readonly clock?: () => number;
  /** How often the directory is looked at whatever the file system tells. Default 5000. */
  readonly pollMs?: number;
}

/** A policy source with what the operator may ask of it. */
export interface ManagedPolicySource extends PolicySource {
  readonly routes: readonly AdminRoute[];
  /** Rego sources of the active bundle by their path in it; empty where there is none. */
  sources(): ReadonlyMap<string, string>;
  /** Looks at the source now; the promise resolves when the result is active or refused. */
  check(): Promise<void>;
  /** Lowers or raises the floor to a version, knowingly, and looks again; `by` is recorded. Throws GatewayError ADMIN_INPUT for the built-in bundle. */
  accept(version: number, by: string): Promise<PolicyStatus>;
}

interface Active {
  readonly policy: ActivePolicy;
  readonly bundle: VerifiedBundle;
  readonly activatedAt: number;
}

/**
 * Opens the configured policy source and activates its bundle, if it is acceptable. A watched directory is looked at
 * when it changes and every few seconds; a new bundle is verified, compiled and tested beside the active one and then
 * swapped in at once. What is refused leaves the active bundle in place. At start the last good bundle, verified
 * again, steps in for a refused one. Rejects with nothing: without a usable bundle `current()` throws.
 */
export async function createPolicySource(options: PolicySourceOptions): Promise<ManagedPolicySource> {
  const source = new Source(options);
  await source.start();
  return source;
}

class Source implements ManagedPolicySource {
  readonly routes: readonly AdminRoute[];
  readonly #options: PolicySourceOptions;
  readonly #clock: () => number;
  readonly #floors: Floors;
  readonly #keys: readonly BundleKey[];
  readonly #lastGood: string;
  #active: Active | null = null;
  #refused: PolicyStatus['refused'] = null;
  #checkedAt: number | null = null;
  /** Digest of the bytes that were last judged, so that unchanged ones are not judged again. */
  #judged: string | null = null;
  #working: Promise<void> = Promise.resolve();
  #timer: NodeJS.Timeout | null = null;
  #watcher: FSWatcher | null = null;
  #closed = false;

  constructor(options: PolicySourceOptions) {
    this.#options = options;
    this.#clock = options.clock ?? Date.now;
    const kept = join(options.directory, 'policy');
    this.#floors = openFloors(kept);
    this.#lastGood = join(kept, 'last_good.tar.gz');
    this.#keys = options.config.keys.map(({ kid, algorithm, file }) => ({
      kid,
      algorithm,
      pem: readFileSync(file, 'utf8'),
    }));
    this.routes = bundleRoutes(this);
  }

  async start(): Promise<void> {
    await this.check();
    if (this.#options.config.source === 'builtin') return;
    if (this.#active === null) await this.#useLastGood();
    try {
      this.#watcher = watch(this.#options.config.source, { persistent: false }, () => void this.check());
      this.#watcher.on('error', () => this.#watcher?.close());
    } catch {
      // Watching is only a hint: the poll below finds what it misses.
    }
    this.#timer = setInterval(() => void this.check(), this.#options.pollMs ?? 5000).unref();
  }

  current(): ActivePolicy {
    const reason = this.#unavailable();
    if (reason !== null) throw new GatewayError('POLICY_UNAVAILABLE', undefined, { detail: reason });
    return this.#active!.policy;
  }

  status(): PolicyStatus {
    const { config } = this.#options;
    const active = this.#active;
    return {
      source: config.source === 'builtin' ? 'builtin' : 'directory',
      active: active && {
        bundle: active.policy.bundle,
        version: active.policy.version,
        revision: active.policy.revision,
        bundle_version: active.bundle.bundleVersion,
        activated_at: active.activatedAt,
      },
      unavailable: this.#unavailable(),
      checked_at: this.#checkedAt,
      refused: this.#refused,
      floor: this.#floor(),
      expires_at: active?.bundle.expiresAt ?? null,
    };
  }

  sources(): ReadonlyMap<string, string> {
    return this.#active?.bundle.content.sources ?? new Map();
  }

  check(): Promise<void> {
    this.#working = this.#working.then(() => (this.#closed ? undefined : this.#check()));
    return this.#working;
  }

  async accept(version: number, by: string): Promise<PolicyStatus> {
    const scope = this.#scope();
    if (scope === null) throw new GatewayError('ADMIN_INPUT', 'The built-in bundle has no version floor.');
    const previous = this.#floors.read(scope)?.version ?? null;
    this.#floors.write(scope, { version, revision: null });
    await this.#report('bundle.accepted', { scope, floor: version, previous, by });
    this.#judged = null;
    await this.check();
    return this.status();
  }

  async close(): Promise<void> {
    this.#closed = true;
    if (this.#timer) clearInterval(this.#timer);
    this.#watcher?.close();
    await this.#working;
  }

  #unavailable(): string | null {
    const active = this.#active;
    if (active === null) return this.#refused?.detail ?? 'no policy bundle was found';
    const now = this.#clock();
    const { expiresAt } = active.bundle;
    if (expiresAt !== null && now >= expiresAt * 1000) return 'the active policy bundle has expired';
    const staleness = this.#options.config.max_staleness_s;
    if (staleness !== undefined && this.#checkedAt !== null && now - this.#checkedAt > staleness * 1000) {
      return `no acceptable policy bundle was found for more than ${staleness} s`;
    }
    return null;
  }

  #floor(): number | null {
    const scope = this.#scope();
    try {
      return scope === null ? null : (this.#floors.read(scope)?.version ?? null);
    } catch {
      return null;
    }
  }

  #scope(): string | null {
    return this.#options.config.source === 'builtin' ? null : (this.#options.config.scope ?? null);
  }

  async #check(): Promise<void> {
    const { source } = this.#options.config;
    if (source === 'builtin') {
      if (this.#active !== null) return;
      await this.#judge('builtin', async () => {
        const bytes = await readFile(builtinUrl);
        await this.#activate(await verifyBuiltin(bytes), null);
      });
      return;
    }
    let bytes: Buffer;
    try {
      bytes = await readFile(join(source, bundleFile));
    } catch (thrown) {
      await this.#refuse(
        new BundleRefused('unreadable', `there is no readable ${bundleFile} in the directory`, thrown),
      );
      this.#judged = null;
      return;
    }
    const digest = createHash('sha256').update(bytes).digest('hex');
    if (digest === this.#judged) {
      if (this.#refused === null && this.#active !== null) this.#checkedAt = this.#clock();
      return;
    }
    await this.#judge(digest, () => this.#take(bytes));
  }

  async #judge(digest: string, work: () => Promise<void>): Promise<void> {
    try {
      await work();
      this.#refused = null;
    } catch (thrown) {
      await this.#refuse(thrown);
    }
    this.#judged = digest;
  }

  async #take(bytes: Uint8Array): Promise<void> {
    const scope = this.#scope()!;
    const rules = { keys: this.#keys, scope, now: Math.floor(this.#clock() / 1000) };
    const verified = await verifyBundle(bytes, rules, this.#floors.read(scope));
    await this.#activate(verified, () => {
      // After every check and before the swap: what decides is never below what a restart would insist on.
      this.#floors.write(scope, { version: verified.bundleVersion, revision: verified.content.revision });
      replaceFile(this.#lastGood, bytes);
    });
  }

  async #activate(bundle: VerifiedBundle, persist: (() => void) | null): Promise<void> {
    const { content, bundleVersion, kid } = bundle;
    const previous = this.#active?.policy.revision ?? null;
    let policy: ActivePolicy;
    try {
      policy = this.#options.load(content);
    } catch (thrown) {
      throw new BundleRefused('self_test', thrown instanceof Error ? thrown.message : String(thrown), thrown);
    }
    persist?.();
    this.#options.onActivated?.(content);
    this.#active = { policy, bundle, activatedAt: this.#clock() };
    this.#checkedAt = this.#clock();
    const { bundle: name, version, revision } = policy;
    await this.#report('bundle.activated', {
      bundle: name,
      version,
      revision,
      bundle_version: bundleVersion,
      kid,
      previous,
      excerpts: { ...content.excerpts },
    });
  }

  async #useLastGood(): Promise<void> {
    const refused = this.#refused;
    try {
      await this.#take(await readFile(this.#lastGood));
      // It decides, but the directory is still wrong, and staleness counts from the moment that is known.
      this.#refused = refused;
    } catch {
      this.#refused = refused;
    }
  }

  async #refuse(thrown: unknown): Promise<void> {
    const refusal =
      thrown instanceof BundleRefused
        ? thrown
        : new BundleRefused('unreadable', thrown instanceof Error ? thrown.message : String(thrown), thrown);
    const { reason, message: detail } = refusal;
    const same = this.#refused?.reason === reason && this.#refused.detail === detail;
    this.#refused = { reason, detail, at: this.#clock() };
    if (!same) await this.#report('bundle.refused', { reason, detail, active: this.#active?.policy.revision ?? null });
  }

  async #report(kind: AuditEvent['kind'], body: JsonObject): Promise<void> {
    await this.#options.onEvent({ kind, exchange: null, body: { v: 1, ...body } });
  }
}
