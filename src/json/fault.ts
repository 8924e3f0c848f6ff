/** Why bytes were refused as JSON. */
export type JsonFaultCode =
  | 'empty'
  | 'bom'
  | 'utf8'
  | 'truncated'
  | 'unexpected'
  | 'trailing'
  | 'number'
  | 'control'
  | 'escape'
  | 'surrogate'
  | 'duplicate_key'
  | 'depth'
  | 'keys'
  | 'values'
  | 'key_length'
  | 'number_length';

const texts: { readonly [code in JsonFaultCode]: string } = {
  empty: 'no JSON value',
  bom: 'a byte order mark',
  utf8: 'bytes that are not UTF-8',
  truncated: 'the text ends inside a value',
  unexpected: 'an unexpected character',
  trailing: 'something after the JSON value',
  number: 'a malformed number',
  control: 'a control character inside a string',
  escape: 'a malformed escape sequence',
  surrogate: 'half a surrogate pair',
  duplicate_key: 'a property name that its object already has',
  depth: 'too deep nesting',
  keys: 'too many property names',
  values: 'too many values',
  key_length: 'a property name that is too long',
  number_length: 'a number that is too long',
};

/** What is JSON, but refused by a rule of ours. */
const limits: ReadonlySet<JsonFaultCode> = new Set([
  'duplicate_key',
  'depth',
  'keys',
  'values',
  'key_length',
  'number_length',
]);

/** Bytes were refused. `message` names the fault and its position, never the content. */
export class JsonFault extends Error {
  override readonly name = 'JsonFault';
  readonly code: JsonFaultCode;
  /** Byte offset at which the fault shows. */
  readonly offset: number;

  constructor(code: JsonFaultCode, offset: number) {
    super(`${texts[code]} at byte ${offset}`);
    this.code = code;
    this.offset = offset;
  }

  /** Whether the text breaks the grammar, or is JSON beyond what we accept. */
  get where(): 'grammar' | 'limit' {
    return limits.has(this.code) ? 'limit' : 'grammar';
  }
}
