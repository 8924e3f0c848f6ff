import type { PolicyReads, Reads } from '../../src/model/decision.ts';
import { Place } from './place.ts';
import type { Block, Func, Operand, Plan, Statement } from './plan.ts';

/** Where a value may come from: a place in the input; data or a constant; or a computation. */
type Origin = Place | 'known' | 'computed';
type Origins = ReadonlySet<Origin>;

const none: Origins = new Set();
const known: Origins = new Set(['known']);
const computed: Origins = new Set(['computed']);
const orders: ReadonlySet<string> = new Set(['gt', 'gte', 'lt', 'lte']);

/**
 * What entrypoints can read of their input. Values are followed from the input through locals, calls and results, over
 * every way a run may take, so the answer is never too small: what comes into anything but a look-up of a member, or a
 * comparison of order with data or a constant, is read whole. An entrypoint is absent where the plan does not have it, or
 * has a statement in its way that values cannot be followed through: `with`, which puts other values in the place of input
 * and data, and a call of a function whose name is computed.
 */
export function readsOf(plan: Plan, entrypoints: readonly string[]): Pick<PolicyReads, 'numbers' | 'entrypoints'> {
  const numbers = new Set<number>();
  const found: { [entrypoint: string]: Reads } = {};
  for (const { name, blocks } of plan.plans.plans) {
    const reads = entrypoints.includes(name) ? new Analysis(plan, numbers).run(blocks) : null;
    if (reads !== null) found[name] = reads;
  }
  return { numbers: [...numbers].sort((a, b) => a - b), entrypoints: found };
}

/** A statement that values cannot be followed through. */
class Untraceable extends Error {}

/** What the locals may hold at one point of a run. An assignment replaces; when a block is left, any in it may have been the last. */
class Scope {
  readonly #outer: Scope | null;
  readonly #now = new Map<number, Origins>();
  readonly #ever = new Map<number, Origins>();

  constructor(outer: Scope | null) {
    this.#outer = outer;
  }

  get(local: number): Origins {
    return this.#now.get(local) ?? this.#outer?.get(local) ?? none;
  }

  set(local: number, origins: Origins): void {
    this.#now.set(local, origins);
    this.#ever.set(local, origins.union(this.#ever.get(local) ?? none));
  }

  /** Leaves the block; true where the outer scope knows more by it. */
  leave(): boolean {
    const outer = this.#outer!;
    let grown = false;
    for (const [local, origins] of this.#ever) {
      const before = outer.get(local);
      const after = before.union(origins);
      outer.set(local, after);
      grown ||= after.size > before.size;
    }
    return grown;
  }
}

/** A function that the entrypoint can reach, with all that any of its calls may bring and give. */
interface Reached {
  readonly func: Func;
  readonly params: Origins[];
  result: Origins;
}

class Analysis {
  readonly #plan: Plan;
  readonly #numbers: Set<number>;
  readonly #funcs: ReadonlyMap<string, Func>;
  readonly #reached = new Map<string, Reached>();
  #changed = false;

  /** `numbers` collects the constants. */
  constructor(plan: Plan, numbers: Set<number>) {
    this.#plan = plan;
    this.#numbers = numbers;
    this.#funcs = new Map(plan.funcs.funcs.map((func) => [func.name, func]));
  }

  /** Null where it cannot be told. */
  run(blocks: readonly Block[]): Reads | null {
    const input = new Place();
    const entry: Reached = {
      func: { name: '', params: [0, 1], blocks },
      params: [new Set([input]), known],
      result: none,
    };
    try {
      do {
        this.#changed = false;
        for (const reached of [entry, ...this.#reached.values()]) this.#func(reached);
      } while (this.#changed);
    } catch (thrown) {
      if (thrown instanceof Untraceable) return null;
      throw thrown;
    }
    return input.reads();
  }

  #func(reached: Reached): void {
    const scope = new Scope(null);
    for (const [index, local] of reached.func.params.entries()) scope.set(local, reached.params[index]!);
    for (const block of reached.func.blocks) this.#block(reached, block, scope);
  }

  #block(reached: Reached, block: Block, outer: Scope): void {
    const scope = new Scope(outer);
    for (const { type, stmt } of block.stmts) this.#statement(reached, type, stmt, scope);
    scope.leave();
  }

  #statement(reached: Reached, type: string, stmt: Statement, scope: Scope): void {
    const from = (operand: Operand) => originsOf(operand, scope);
    const read = (...operands: Operand[]) => {
      for (const operand of operands) use(from(operand), 'value');
    };
    switch (type) {
      case 'BlockStmt':
        for (const block of stmt.blocks!) this.#block(reached, block, scope);
        break;
      case 'NotStmt':
        this.#block(reached, stmt.block!, scope);
        break;
      case 'ScanStmt': {
        const round = new Scope(scope);
        // What a round leaves behind is there in the next one. An index is none of the numbers that data holds as values.
        do {
          round.set(stmt.key as number, computed);
          round.set(stmt.value as number, membersOf(from(stmt.source), null));
          this.#block(reached, stmt.block!, round);
        } while (round.leave());
        break;
      }
      case 'DotStmt':
        read(stmt.key);
        scope.set(stmt.target, membersOf(from(stmt.source), this.#text(stmt.key)));
        break;
      case 'CallStmt':
        scope.set(stmt.result, this.#call(stmt, scope));
        break;
      case 'AssignVarStmt':
      case 'AssignVarOnceStmt':
        scope.set(stmt.target, from(stmt.source));
        break;
      case 'ReturnLocalStmt':
        reached.result = this.#joined(reached.result, from(stmt.source));
        break;
      case 'MakeNumberRefStmt':
        this.#constant(Number(this.#plan.static.strings[stmt.index]!.value));
        scope.set(stmt.target, known);
        break;
      case 'MakeNumberIntStmt':
      case 'AssignIntStmt':
        this.#constant(stmt.value as number);
        scope.set(stmt.target, known);
        break;
      case 'MakeNullStmt':
        scope.set(stmt.target, known);
        break;
      case 'MakeArrayStmt':
      case 'MakeObjectStmt':
      case 'MakeSetStmt':
        scope.set(stmt.target, computed);
        break;
      case 'LenStmt':
        read(stmt.source);
        scope.set(stmt.target, computed);
        break;
      case 'ObjectMergeStmt':
        read(stmt.a, stmt.b);
        scope.set(stmt.target, computed);
        break;
      case 'ArrayAppendStmt':
      case 'SetAddStmt':
      case 'ResultSetAddStmt':
        read(stmt.value);
        break;
      case 'ObjectInsertStmt':
      case 'ObjectInsertOnceStmt':
        read(stmt.key, stmt.value);
        break;
      case 'EqualStmt':
      case 'NotEqualStmt':
        read(stmt.a, stmt.b);
        break;
      case 'IsArrayStmt':
      case 'IsObjectStmt':
      case 'IsSetStmt':
        read(stmt.source);
        break;
      case 'ResetLocalStmt':
        scope.set(stmt.target, none);
        break;
      // Whether a place is there at all is a part of every reading of it.
      case 'IsDefinedStmt':
      case 'IsUndefinedStmt':
      case 'BreakStmt':
      case 'NopStmt':
        break;
      default:
        throw new Untraceable(type);
    }
  }

  #call({ func: name, args }: Statement, scope: Scope): Origins {
    const given = args.map((operand) => originsOf(operand, scope));
    const func = this.#funcs.get(name);
    if (func === undefined) {
      for (const [index, origins] of given.entries()) {
        const ordered = orders.has(name) && isKnown(given[1 - index]!);
        use(origins, ordered ? 'order' : 'value');
      }
      return computed;
    }
    let reached = this.#reached.get(name);
    if (reached === undefined) {
      reached = { func, params: func.params.map(() => none), result: none };
      this.#reached.set(name, reached);
    }
    for (const [index, origins] of given.entries()) {
      reached.params[index] = this.#joined(reached.params[index]!, origins);
    }
    return reached.result;
  }

  #joined(before: Origins, more: Origins): Origins {
    const after = before.union(more);
    if (after.size > before.size) this.#changed = true;
    return after;
  }

  #constant(number: number): void {
    if (!Number.isFinite(number)) throw new Untraceable('a number out of range');
    this.#numbers.add(number);
  }

  #text(key: Operand): string | null {
    if (typeof key === 'number' || key.type !== 'string_index') return null;
    return this.#plan.static.strings[key.value]!.value;
  }
}

function originsOf(operand: Operand, scope: Scope): Origins {
  if (typeof operand === 'number') return scope.get(operand);
  return operand.type === 'local' ? scope.get(operand.value) : known;
}

/** Members of what a value may be: the named one, or null for any of them. */
function membersOf(origins: Origins, name: string | null): Origins {
  return new Set([...origins].map((origin) => (typeof origin === 'string' ? origin : origin.member(name))));
}

function use(origins: Origins, use: 'order' | 'value'): void {
  for (const origin of origins) if (typeof origin !== 'string') origin.use(use);
}

function isKnown(origins: Origins): boolean {
  return [...origins].every((origin) => origin === 'known');
}
