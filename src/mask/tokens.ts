import type { MaskMark, MaskPlan } from '../model/scan.ts';
import type { TokenEntry } from '../model/token.ts';
import { foldString } from './fold.ts';
import { countMark, type Masks, tokenStart } from './redact.ts';

/** The detector's name for values that are tokens in this conversation. */
export const tokenDetector = 'token';

/** Values that one conversation gives back; further ones become tokens that stay. */
const entriesMost = 1000;
/** Shorter values are found by their rules alone. */
export const tokenValueMin = 6;

const base32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';
/** Characters of a token after its type: 65 bits. */
const digestLength = 13;

/** HMAC under a key of the gateway, as base64url. */
export type KeyedHash = (domain: string, text: string) => string;

/**
 * The token of a value: the same for equal values of a tenant and a type, in every request. It tells the type and
 * which values are equal, and nothing else while the key is secret.
 */
export function tokenOf(keyedHash: KeyedHash, tenant: string, className: string, value: string): string {
  const digest = Buffer.from(keyedHash('mask token', JSON.stringify([tenant, className, value])), 'base64url');
  let bits = 0n;
  for (const byte of digest.subarray(0, 9)) bits = (bits << 8n) | BigInt(byte);
  let text = '';
  for (let at = 0; at < digestLength; at++) text += base32[Number((bits >> BigInt(67 - 5 * at)) & 31n)];
  const type = className
    .toUpperCase()
    .replace(/[^A-Z0-9]/g, '_')
    .slice(0, 64);
  return `${tokenStart}${type}_${text}`;
}

/** The tokens of one conversation as one exchange uses them. */
export class ExchangeTokens {
  readonly #keyedHash: KeyedHash;
  readonly #tenant: string;
  readonly #byToken = new Map<string, TokenEntry>();
  readonly #byValue = new Map<string, string>();
  readonly #added: TokenEntry[] = [];

  constructor(keyedHash: KeyedHash, tenant: string, known: readonly TokenEntry[]) {
    this.#keyedHash = keyedHash;
    this.#tenant = tenant;
    for (const entry of known) this.#keep(entry);
  }

  /** What the principal supplied, by token. */
  get entries(): ReadonlyMap<string, TokenEntry> {
    return this.#byToken;
  }

  /** What was supplied in this exchange for the first time. */
  get added(): readonly TokenEntry[] {
    return this.#added;
  }

  has(token: string): boolean {
    return this.#byToken.has(token);
  }

  /** The token of a value, whoever says it. */
  token(className: string, value: string): string {
    const plain = foldString(value);
    return this.#byValue.get(plain) ?? tokenOf(this.#keyedHash, this.#tenant, className, plain);
  }

  /** The token of a value that the principal supplies. */
  supply(className: string, value: string): string {
    const token = this.token(className, value);
    if (!this.#byToken.has(token) && this.#byToken.size < entriesMost) {
      const entry = { token, class: className, value: foldString(value) };
      this.#keep(entry);
      this.#added.push(entry);
    }
    return token;
  }

  #keep(entry: TokenEntry): void {
    this.#byToken.set(entry.token, entry);
    this.#byValue.set(entry.value, entry.token);
  }
}

/** How an exchange masks: exact values always, values of its tokens as them, and what the plan names. */
export function masksOf(
  always: ReadonlySet<string>,
  plan: MaskPlan,
  marks: MaskMark[],
  tokens: Pick<ExchangeTokens, 'token' | 'has'>,
): Masks {
  return {
    mode(detector, className) {
      if (always.has(className)) return 'redact';
      return plan.get(className) ?? (detector === tokenDetector ? 'token' : null);
    },
    mark: (detector, className, mode) => countMark(marks, detector, className, mode),
    token: (className, value) => tokens.token(className, value),
    isToken: (text) => tokens.has(text),
  };
}
