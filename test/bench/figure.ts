/** Prints one figure with its goal, and says whether it is met. */
export function figure(name: string, value: number, unit: string, op: '<=' | '>=', goal: number): void {
  const met = op === '<=' ? value <= goal : value >= goal;
  console.log(`figure ${name} ${round(value)} ${unit} goal ${op} ${round(goal)} ${met ? 'ok' : 'short'}`);
}

/** Prints what helps to read a figure and has no goal of its own. */
export function note(name: string, value: number, unit: string): void {
  console.log(`note ${name} ${round(value)} ${unit}`);
}

/** The middle of some numbers; of an even count, the mean of the two in the middle. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((left, right) => left - right);
  const half = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[half]! : (sorted[half - 1]! + sorted[half]!) / 2;
}

/** The value below which the given share (0 to 1) of sorted numbers lies. */
export function quantile(sorted: ArrayLike<number>, share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

function round(value: number): string {
  return String(Number(value.toPrecision(3)));
}
