import { allEqual, checked, digitsOf, luhn, weighted } from './check_digits.ts';

/** US social security numbers: no 000, 666 or 9xx area, no 00 group, no 0000 serial (SSA, since 2011). */
export function usSsn(text: string): boolean {
  const digits = text.replace(/\D/g, '');
  return !/^(?:000|666|9)/.test(digits) && digits.slice(3, 5) !== '00' && digits.slice(5) !== '0000';
}

/** Brazil's CPF: two modulo 11 digits. */
export function brCpf(text: string): boolean {
  const digits = digitsOf(text);
  if (digits.length !== 11 || allEqual(digits)) return false;
  const check = (count: number) => {
    const sum = digits.slice(0, count).reduce((total, digit, i) => total + digit * (count + 1 - i), 0);
    return ((sum * 10) % 11) % 10;
  };
  return check(9) === digits[9] && check(10) === digits[10];
}

/** Brazil's CNPJ in its numeric form: two modulo 11 digits. */
export function brCnpj(text: string): boolean {
  const digits = digitsOf(text);
  if (digits.length !== 14 || allEqual(digits)) return false;
  const check = (weights: readonly number[]) => {
    const rest = weighted(digits, weights) % 11;
    return rest < 2 ? 0 : 11 - rest;
  };
  return (
    check([5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2]) === digits[12] &&
    check([6, 5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2]) === digits[13]
  );
}

/** India's Aadhaar: Verhoeff. */
export function inAadhaar(text: string): boolean {
  const digits = digitsOf(text);
  if (digits.length !== 12 || allEqual(digits)) return false;
  const check = digits.reduceRight((state, digit, i) => verhoeffMultiply(state, verhoeffPermute(11 - i, digit)), 0);
  return check === 0;
}

/** Multiplication in the dihedral group of order ten. */
function verhoeffMultiply(a: number, b: number): number {
  if (a < 5) return b < 5 ? (a + b) % 5 : 5 + ((a + b - 5) % 5);
  return b < 5 ? 5 + ((a - 5 - b + 5) % 5) : (a - b + 5) % 5;
}

function verhoeffPermute(times: number, digit: number): number {
  let result = digit;
  for (let i = 0; i < times % 8; i++) result = [1, 5, 7, 6, 2, 8, 3, 0, 9, 4][result]!;
  return result;
}

/** Australia's tax file number: modulo 11. */
export function auTfn(text: string): boolean {
  const digits = digitsOf(text);
  return digits.length === 9 && !allEqual(digits) && weighted(digits, [1, 4, 3, 7, 5, 8, 6, 9, 10]) % 11 === 0;
}

/** China's resident identity number: ISO 7064 MOD 11-2. */
export function cnResidentId(text: string): boolean {
  const plain = text.toUpperCase();
  const sum = weighted([...plain.slice(0, 17)].map(Number), [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2]);
  const month = Number(plain.slice(10, 12));
  return month >= 1 && month <= 12 && '10X98765432'[sum % 11] === plain[17];
}

/** The health care number of US providers: Luhn with the issuer's 80840 before it. */
export function usNpi(text: string): boolean {
  return luhn(`80840${text.replace(/\D/g, '')}`);
}

/** US routing numbers: weights 3, 7, 1 (ABA). */
export function usRouting(text: string): boolean {
  const digits = digitsOf(text);
  return digits.length === 9 && !allEqual(digits) && weighted(digits, [3, 7, 1, 3, 7, 1, 3, 7, 1]) % 10 === 0;
}

/** Argentina's CUIT and CUIL. */
export function arCuit(text: string): boolean {
  return checked(text, 11, [5, 4, 3, 2, 7, 6, 5, 4, 3, 2], (sum) => (11 - (sum % 11)) % 11);
}

/** Chile's RUT: weights 2 to 7 from the end, ten is K. */
export function clRut(text: string): boolean {
  const plain = text.replace(/[.\s-]/g, '').toUpperCase();
  const digits = digitsOf(plain.slice(0, -1)).reverse();
  const check = (11 - (weighted(digits, [2, 3, 4, 5, 6, 7, 2, 3]) % 11)) % 11;
  return digits.length >= 7 && '0123456789K'[check] === plain.at(-1);
}

/** Mexico's CURP. */
export function mxCurp(text: string): boolean {
  const signs = '0123456789ABCDEFGHIJKLMNÑOPQRSTUVWXYZ';
  const sum = [...text.toUpperCase().slice(0, 17)].reduce(
    (total, sign, i) => total + signs.indexOf(sign) * (18 - i),
    0,
  );
  return (10 - (sum % 10)) % 10 === Number(text[17]);
}

/** India's GSTIN: modulo 36 over the digits of products. */
export function inGstin(text: string): boolean {
  const values = [...text.toUpperCase()].map((sign) => Number.parseInt(sign, 36));
  const sum = values.slice(0, 14).reduce((total, value, i) => {
    const product = value * (i % 2 === 0 ? 1 : 2);
    return total + Math.floor(product / 36) + (product % 36);
  }, 0);
  return (36 - (sum % 36)) % 36 === values[14];
}

/** Japan's individual number. */
export function jpMyNumber(text: string): boolean {
  return checked(text, 12, [6, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2], (sum) => (sum % 11 <= 1 ? 0 : 11 - (sum % 11)));
}

/** Taiwan's identity card number: the letter is a two-digit number. */
export function twIdentity(text: string): boolean {
  const area = 'ABCDEFGHJKLMNPQRSTUVXYWZIO'.indexOf(text[0]!.toUpperCase()) + 10;
  const sum = Math.floor(area / 10) + (area % 10) * 9 + weighted(digitsOf(text), [8, 7, 6, 5, 4, 3, 2, 1, 1]);
  return sum % 10 === 0;
}

/** Hong Kong's identity card number: modulo 11, a missing first letter counts as a space. */
export function hkIdentity(text: string): boolean {
  const signs = text
    .toUpperCase()
    .replace(/[^0-9A-Z]/g, '')
    .padStart(9, ' ');
  const sum = [...signs].reduce((total, sign, i) => {
    const value = sign === ' ' ? 36 : i === 8 && sign === 'A' ? 10 : Number.parseInt(sign, 36);
    return total + value * (9 - i);
  }, 0);
  return sum % 11 === 0;
}

/** Singapore's NRIC and FIN. */
export function sgNric(text: string): boolean {
  const plain = text.toUpperCase();
  const first = plain[0]!;
  const added = first === 'T' || first === 'G' ? 4 : first === 'M' ? 3 : 0;
  const rest = (weighted(digitsOf(plain), [2, 7, 6, 5, 4, 3, 2]) + added) % 11;
  const letters = first === 'S' || first === 'T' ? 'JZIHGFEDCBA' : first === 'M' ? 'KLJNPQRTUWX' : 'XWUTRQPNMLK';
  return letters[first === 'M' ? 10 - rest : rest] === plain[8];
}

/** Thailand's identity number. */
export function thIdentity(text: string): boolean {
  const check = (sum: number) => (11 - (sum % 11)) % 10;
  return checked(text, 13, [13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2], check);
}

/** Israel's identity number: Luhn over nine digits. */
export function ilIdentity(text: string): boolean {
  return luhn(text.replace(/\D/g, '').padStart(9, '0'));
}

/** Australia's Medicare card number. */
export function auMedicare(text: string): boolean {
  const digits = digitsOf(text);
  const check = weighted(digits, [1, 3, 7, 9, 1, 3, 7, 9]) % 10;
  return (digits.length === 10 || digits.length === 11) && check === digits[8];
}

/** Australia's business number: modulo 89 with one taken from the first digit. */
export function auAbn(text: string): boolean {
  const digits = digitsOf(text);
  return digits.length === 11 && (weighted(digits, [10, 1, 3, 5, 7, 9, 11, 13, 15, 17, 19]) - 10) % 89 === 0;
}

/** New Zealand's IRD number: a second row of weights where the first leaves ten. */
export function nzIrd(text: string): boolean {
  const digits = digitsOf(text.replace(/\D/g, '').padStart(9, '0'));
  const check = (weights: readonly number[]) => (11 - (weighted(digits, weights) % 11)) % 11;
  const first = check([3, 2, 7, 6, 5, 4, 3, 2]);
  return !allEqual(digits) && (first < 10 ? first : check([7, 4, 3, 2, 5, 2, 7, 6])) === digits[8];
}

/** Vehicle identification numbers with the check digit of North America (49 CFR 565). */
export function vin(text: string): boolean {
  const values = '0123456789.ABCDEFGH..JKLMN.P.R..STUVWXYZ';
  const plain = text.toUpperCase();
  const sum = weighted(
    [...plain].map((sign) => values.indexOf(sign) % 10),
    [8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2],
  );
  return '0123456789X'[sum % 11] === plain[8];
}
