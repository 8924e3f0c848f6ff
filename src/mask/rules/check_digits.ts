/** What check digits are computed with. */
export const digitsOf = (text: string): number[] => [...text.replace(/\D/g, '')].map(Number);
export const weighted = (digits: readonly number[], weights: readonly number[]): number =>
  weights.reduce((sum, weight, i) => sum + weight * (digits[i] ?? 0), 0);
export const allEqual = (digits: readonly number[]): boolean => digits.every((digit) => digit === digits[0]);

/** ISO/IEC 7812-1 annex B. */
export function luhn(text: string): boolean {
  const digits = digitsOf(text);
  if (digits.length < 2 || allEqual(digits)) return false;
  const sum = digits.reduceRight((total, digit, i) => {
    const doubled = (digits.length - 1 - i) % 2 === 1 ? digit * 2 : digit;
    return total + (doubled > 9 ? doubled - 9 : doubled);
  }, 0);
  return sum % 10 === 0;
}

/** ISO 7064 MOD 11,10 over all digits but the last, which is the check. */
export function iso7064(digits: readonly number[]): boolean {
  const product = digits.slice(0, -1).reduce((last, digit) => (((digit + last) % 10 || 10) * 2) % 11, 10);
  return (11 - product) % 10 === digits.at(-1);
}

/** A check digit that is the weighted sum's rest, as the country maps it; no rest over nine has a number. */
export function checked(
  text: string,
  length: number,
  weights: readonly number[],
  check: (sum: number) => number,
): boolean {
  const digits = digitsOf(text);
  return digits.length === length && !allEqual(digits) && check(weighted(digits, weights)) === digits[weights.length];
}

/** Whether two digits from `at` are a month, and the two after it a day; months may be counted on by 20, 40 or 50. */
export function hasDate(
  digits: readonly number[],
  month: number,
  day: number,
  added: readonly number[] = [0],
): boolean {
  const read = (at: number) => digits[at]! * 10 + digits[at + 1]!;
  const isMonth = added.some((more) => read(month) - more >= 1 && read(month) - more <= 12);
  return isMonth && read(day) >= 1 && read(day) <= 31;
}
