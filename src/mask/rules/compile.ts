import { type Automaton, BudgetFault, buildAutomaton, longestUndecided } from './automaton.ts';
import type { CharSet } from './charset.ts';
import type { DetectorRule, RuleFault } from './format.ts';
import { leadingLiterals } from './leading.ts';
import { type Pattern, PatternFault, parseClass, parsePattern } from './syntax.ts';

/** One rule, compiled. */
export interface CompiledRule {
  readonly rule: DetectorRule;
  readonly left: CharSet;
  readonly right: CharSet;
  readonly context: Automaton | null;
  readonly body: Automaton;
  /** Lower-case texts one of which the context (or the body where there is none) begins with; null where too short. */
  readonly literals: readonly string[] | null;
  /** The most characters that are held back before the rule decides. */
  readonly undecided: number;
}

/** The most characters that one rule may hold back undecided. */
export const undecidedMax = 1024;
/** States that the reduced automata of one rule may have. */
export const reducedMax = 5000;

/** Compiles rules, and tells every fault of every one. */
export function compileRules(rules: readonly DetectorRule[]): {
  readonly compiled: readonly CompiledRule[];
  readonly faults: readonly RuleFault[];
} {
  const compiled: CompiledRule[] = [];
  const faults: RuleFault[] = [];
  for (const rule of rules) {
    const result = compileRule(rule, (field, problem) => faults.push({ place: `${rule.id}: ${field}`, problem }));
    if (result) compiled.push(result);
  }
  return { compiled, faults };
}

function compileRule(rule: DetectorRule, fault: (field: string, problem: string) => void): CompiledRule | null {
  const tried = <T>(field: string, work: () => T): T | null => {
    try {
      return work();
    } catch (thrown) {
      if (!(thrown instanceof PatternFault || thrown instanceof BudgetFault || thrown instanceof RangeError))
        throw thrown;
      fault(field, thrown.message);
      return null;
    }
  };
  const left = tried('left', () => (rule.left === null ? [] : parseClass(rule.left)));
  const right = tried('right', () => (rule.right === null ? [] : parseClass(rule.right)));
  const tail = tried('tail', () => (rule.tail === null ? [] : parseClass(rule.tail)));
  const contextPattern = rule.context === null ? null : tried('context', () => parsePattern(rule.context!));
  const bodyPattern = tried('body', () => parsePattern(rule.body));
  if (!left || !right || !tail || !bodyPattern || (rule.context !== null && !contextPattern)) return null;

  const whole = tail.length > 0 ? withTail(bodyPattern, tail, rule.minimum) : bodyPattern;
  const body = tried('body', () => checked(buildAutomaton(whole)));
  const context = contextPattern && tried('context', () => checked(buildAutomaton(contextPattern)));
  if (!body || (contextPattern && !context)) return null;

  const undecided = Math.min(longestUndecided(body), rule.cap ?? Number.POSITIVE_INFINITY);
  if (undecided > undecidedMax) {
    fault('body', `may hold back more than ${undecidedMax} characters undecided: bound its repeats or give a cap`);
    return null;
  }
  const literals = leadingLiterals(contextPattern ?? whole, context ?? body);
  return { rule, left, right, context: context ?? null, body, literals, undecided };
}

function withTail(body: Pattern, tail: CharSet, minimum: number): Pattern {
  const item: Pattern = { kind: 'set', set: tail };
  return { kind: 'sequence', items: [body, { kind: 'repeat', item, min: minimum, max: Number.POSITIVE_INFINITY }] };
}

function checked(automaton: Automaton): Automaton {
  if (automaton.states > reducedMax) throw new BudgetFault(`${automaton.states} states, more than ${reducedMax}`);
  if (automaton.accepting[1]) throw new BudgetFault('matches the empty text');
  if (!automaton.accepting.includes(1)) throw new BudgetFault('matches nothing');
  return automaton;
}
