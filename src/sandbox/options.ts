import type { Federation } from './exchange.ts';
import type { Cuts } from './stream.ts';
import type { Tapped } from './tap.ts';

/** How the stand-in behaves. */
export interface SandboxOptions {
  /** Port on 127.0.0.1; 0, the default, takes a free one. */
  readonly port?: number;
  /** Decides every cut and the key of thinking signatures; random where absent. */
  readonly seed?: number;
  /** The script where no prompt names one; `chat` by default. */
  readonly script?: string;
  /** What scripts let slip where no prompt plants a `secret=`. */
  readonly secret?: string;
  /** Keys taken from `x-api-key` or as a bearer. */
  readonly apiKeys?: readonly string[];
  /** The organisation that `apiKeys` and `mint` belong to. */
  readonly organization?: string;
  /** Whose JWTs `POST /v1/oauth/token` exchanges; none where absent. */
  readonly federation?: Federation;
  readonly models?: readonly string[];
  /** How stream bytes are cut; `seed` by default, `event` (one write an event) for load. */
  readonly cuts?: Cuts;
  /** How many requests `requests` keeps; 200 by default, 0 for load. */
  readonly keep?: number;
  /** Told of faults of the stand-in itself. */
  readonly onFault?: (fault: unknown) => void;
}

/** A running stand-in. */
export interface Sandbox {
  /** `http://127.0.0.1:PORT` */
  readonly url: string;
  readonly seed: number;
  /** The newest requests, oldest first. */
  readonly requests: readonly Tapped[];
  /** Bearers minted so far. */
  readonly tokensMinted: number;
  /** Mints a bearer as the token endpoint would; it ends after `seconds` (3600). */
  mint(seconds?: number): string;
  /** Ends every bearer minted so far. */
  expireTokens(): void;
  /** Stops listening and ends every connection at once. */
  close(): Promise<void>;
}
