/**
 * OPA's intermediate representation of a policy, what `opa build -t plan` writes as `plan.json` and makes the WASM module
 * of (https://www.openpolicyagent.org/docs/ir), as far as it is read here.
 */
export interface Plan {
  readonly static: { readonly strings: readonly { readonly value: string }[] };
  readonly plans: { readonly plans: readonly { readonly name: string; readonly blocks: readonly Block[] }[] };
  readonly funcs: { readonly funcs: readonly Func[] };
}

/** A rule or a function of the policy; its first two parameters are the locals of input and data. */
export interface Func {
  readonly name: string;
  readonly params: readonly number[];
  readonly blocks: readonly Block[];
}

/** Statements that run in order, until one is undefined or breaks. */
export interface Block {
  readonly stmts: readonly { readonly type: string; readonly stmt: Statement }[];
}

/** A local by its number, or a constant. */
export type Operand =
  | number
  | { readonly type: 'local' | 'string_index'; readonly value: number }
  | { readonly type: 'bool'; readonly value: boolean };

/** The members of all types of statements; each has some of them. */
export interface Statement {
  readonly source: Operand;
  readonly target: number;
  readonly key: Operand;
  readonly value: Operand;
  readonly a: Operand;
  readonly b: Operand;
  readonly array: number;
  readonly object: number;
  readonly set: number;
  readonly func: string;
  readonly args: readonly Operand[];
  readonly result: number;
  /** Of a number that is spelled in the table of strings. */
  readonly index: number;
  readonly block?: Block;
  readonly blocks?: readonly Block[];
}
