/** A value that Claude sees as a token, in one conversation. */
export interface TokenEntry {
  /** `MASKED_<TYPE>_<13 characters of base32>` */
  readonly token: string;
  /** The class it was found as. */
  readonly class: string;
  readonly value: string;
}

/**
 * The tokens of conversations, with the values that their principals supplied. A conversation is one principal's, so
 * its values never reach another. Implemented by `conversation/`, used by `mask/`.
 */
export interface TokenTables {
  /** What a conversation has, oldest first. Rejects with GatewayError STATE_UNAVAILABLE. */
  of(conversation: string): readonly TokenEntry[] | Promise<readonly TokenEntry[]>;
  /** Adds entries, or keeps them for longer; in force here at once, even where it rejects because they cannot be stored. */
  add(conversation: string, entries: readonly TokenEntry[]): Promise<void>;
}
