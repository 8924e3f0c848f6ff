/**
 * Finds sequences of lines, told by numbers, in longer sequences: one step a line, however many patterns there are and
 * however alike they begin (Aho and Corasick, Communications of the ACM 18(6), 1975). It reads backwards, so that it
 * knows at each line the longest pattern that begins there.
 */
export class LineAutomaton {
  readonly #ids = new Map<number, number>();
  /** Transitions, by state and line: `state * lines + line`. */
  readonly #next = new Map<number, number>();
  readonly #fail: Int32Array;
  /** The longest pattern that is complete in a state, or -1. */
  readonly #out: Int32Array;
  /** The longest other pattern that begins where this one does, or -1. */
  readonly #shorter: Int32Array;

  /** @param patterns at least one line each, as numbers; no two alike */
  constructor(patterns: readonly (readonly number[])[]) {
    for (const lines of patterns)
      for (const line of lines) if (!this.#ids.has(line)) this.#ids.set(line, this.#ids.size);
    const states = 1 + patterns.reduce((sum, lines) => sum + lines.length, 0);
    const parents = new Int32Array(states);
    const lineOf = new Int32Array(states);
    const byDepth: number[][] = [];
    const ends = new Int32Array(patterns.length);
    this.#fail = new Int32Array(states);
    this.#out = new Int32Array(states).fill(-1);
    this.#shorter = new Int32Array(patterns.length).fill(-1);
    let count = 1;
    for (const [at, lines] of patterns.entries()) {
      let state = 0;
      for (let depth = 0; depth < lines.length; depth++) {
        const line = this.#ids.get(lines[lines.length - 1 - depth]!)!;
        let next = this.#next.get(state * this.#ids.size + line);
        if (next === undefined) {
          next = count++;
          this.#next.set(state * this.#ids.size + line, next);
          parents[next] = state;
          lineOf[next] = line;
          byDepth[depth] ??= [];
          byDepth[depth]!.push(next);
        }
        state = next;
      }
      ends[at] = state;
      this.#out[state] = at;
    }
    for (const [depth, layer] of byDepth.entries()) {
      for (const state of layer) {
        const own = this.#out[state]!;
        if (depth > 0) this.#fail[state] = this.#step(this.#fail[parents[state]!]!, lineOf[state]!);
        const inherited = this.#out[this.#fail[state]!]!;
        if (own === -1) this.#out[state] = inherited;
        else this.#shorter[own] = inherited;
      }
    }
  }

  /** For each line the longest pattern that begins there, by its place in the list, or -1. */
  longestAt(lines: Int32Array): Int32Array {
    const longest = new Int32Array(lines.length);
    let state = 0;
    for (let at = lines.length - 1; at >= 0; at--) {
      const id = this.#ids.get(lines[at]!);
      state = id === undefined ? 0 : this.#step(state, id);
      longest[at] = this.#out[state]!;
    }
    return longest;
  }

  /** The next shorter pattern that begins where this one does, or -1. */
  shorter(pattern: number): number {
    return this.#shorter[pattern]!;
  }

  #step(from: number, line: number): number {
    const lines = this.#ids.size;
    for (let state = from; ; state = this.#fail[state]!) {
      const next = this.#next.get(state * lines + line);
      if (next !== undefined) return next;
      if (state === 0) return 0;
    }
  }
}
