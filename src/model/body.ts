/**
 * A request body, parsed once. It keeps the original bytes, one table of its string leaves and a list of splices;
 * every step reads this, and only `forward/` renders it.
 */
export interface Body {
  /** The bytes as they arrived; never changed. */
  readonly bytes: Uint8Array;
  readonly root: JsonNode;
  readonly leaves: readonly Leaf[];
  /**
   * The blocks of `system`, messages and tool results beyond text, thinking, calls and results: what may refer to
   * something or carry what no detector reads. Blocks inside one of them are not listed again.
   */
  readonly blocks: readonly JsonNode[];
  /** Edits so far, in any order, never overlapping. */
  readonly splices: Splice[];
}

/** A read-only view of one value inside the original bytes. Reading a missing member gives null, never a throw. */
export interface JsonNode {
  readonly type: 'object' | 'array' | 'string' | 'number' | 'boolean' | 'null';
  /** Byte offsets of the value's own spelling: `bytes.subarray(start, end)`. */
  readonly start: number;
  readonly end: number;
  /** The member of an object, or null where there is none or this is no object. */
  get(key: string): JsonNode | null;
  /** Elements of an array in order; empty for anything else. */
  items(): readonly JsonNode[];
  /** Members of an object in the order of the text; empty for anything else. */
  entries(): readonly (readonly [key: string, value: JsonNode])[];
  /** The decoded text of a string, or null for any other type. */
  string(): string | null;
  /** Whether this is a string that says `text`; cheaper than decoding it. */
  says(text: string): boolean;
  /** The value of a number (a double), or null for any other type. */
  number(): number | null;
  /** The value of a boolean, or null for any other type. */
  boolean(): boolean | null;
  /** The value as its text spells it, e.g. `1.0` or `"a\\u0062"`. */
  spelling(): string;
}

/** Who a text comes from. Everything that is not said by the user, a tool or the model counts as system. */
export type Origin = 'user' | 'tool_result' | 'assistant' | 'system';

/**
 * What a leaf is for:
 * - `text`: prose of a message, a system prompt or a document
 * - `input`: inside the input of a tool call
 * - `definition`: tool names, descriptions and schemas
 * - `field`: any other string of the request (model, metadata, unknown fields)
 */
export type LeafKind = 'text' | 'input' | 'definition' | 'field';

export interface Leaf {
  /** Keys and indices from the root, e.g. `['messages', 0, 'content', 1, 'text']`. */
  readonly path: readonly (string | number)[];
  readonly origin: Origin;
  readonly kind: LeafKind;
  /** Index in `messages`, or -1 outside. */
  readonly message: number;
  /** Byte offsets of the string literal, its quotes included. */
  readonly start: number;
  readonly end: number;
  /** True for what must never change: signatures, ids, base64 data, `encrypted_content`, thinking, by schema position. */
  readonly fixed: boolean;
  /** True for a property name; it is changed like a value. */
  readonly key: boolean;
  /** The decoded text; of a number its spelling. */
  readonly text: string;
  /** True for a number; where something in it is replaced, a string takes its place. */
  readonly number?: boolean;
  /** The literal that goes on in its place where a step before the scan changed it (there is a splice, too). */
  readonly spelling?: Uint8Array;
}

/** One edit: the bytes from `start` to `end` of the original are replaced. `start === end` inserts. */
export interface Splice {
  readonly start: number;
  readonly end: number;
  readonly bytes: Uint8Array;
}
