import { allEqual, checked, digitsOf, hasDate, iso7064, luhn, weighted } from './check_digits.ts';

/** Germany's tax identification number: ISO 7064 MOD 11,10 over ten digits. */
export function deTaxId(text: string): boolean {
  const digits = digitsOf(text);
  if (digits.length !== 11 || digits[0] === 0) return false;
  const counts = digits.slice(0, 10).map((digit) => digits.slice(0, 10).filter((other) => other === digit).length);
  if (Math.max(...counts) < 2 || Math.max(...counts) > 3) return false;
  return iso7064(digits);
}

/** France's NIR: 97 minus the number modulo 97, Corsica's letters as 19 and 18. */
export function frNir(text: string): boolean {
  const plain = text.replace(/[\s.-]/g, '').toUpperCase();
  const body = plain.slice(0, 13).replace('2A', '19').replace('2B', '18');
  return /^\d{13}$/.test(body) && 97 - Number(BigInt(body) % 97n) === Number(plain.slice(13, 15));
}

const spanishLetters = 'TRWAGMYFPDXBNJZSQVHLCKE';

/** Spain's DNI and NIE: the letter is the number modulo 23. */
export function esDni(text: string): boolean {
  const plain = text.replace(/[\s.-]/g, '').toUpperCase();
  const number = plain.slice(0, -1).replace(/^[XYZ]/, (letter) => String('XYZ'.indexOf(letter)));
  return spanishLetters[Number(number) % 23] === plain.at(-1);
}

/** Italy's codice fiscale: odd and even tables, modulo 26 (D.M. 12.3.1974). */
export function itFiscalCode(text: string): boolean {
  const plain = text.toUpperCase();
  const odd = [1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23];
  const sum = [...plain.slice(0, 15)].reduce((total, sign, i) => {
    const value = /\d/.test(sign) ? Number(sign) : sign.charCodeAt(0) - 65;
    return total + (i % 2 === 0 ? odd[value]! : value);
  }, 0);
  return String.fromCharCode(65 + (sum % 26)) === plain[15];
}

/** The Netherlands' BSN: the eleven test with -1 as the last weight. */
export function nlBsn(text: string): boolean {
  const digits = digitsOf(text);
  return digits.length === 9 && !allEqual(digits) && weighted(digits, [9, 8, 7, 6, 5, 4, 3, 2, -1]) % 11 === 0;
}

/** The United Kingdom's NHS number: modulo 11. */
export function ukNhs(text: string): boolean {
  const digits = digitsOf(text);
  const check = 11 - (weighted(digits, [10, 9, 8, 7, 6, 5, 4, 3, 2]) % 11);
  return digits.length === 10 && !allEqual(digits) && check !== 10 && (check === 11 ? 0 : check) === digits[9];
}

/** Poland's PESEL. */
export function plPesel(text: string): boolean {
  const digits = digitsOf(text);
  const month = (digits[2]! * 10 + digits[3]!) % 20;
  const day = digits[4]! * 10 + digits[5]!;
  if (digits.length !== 11 || month < 1 || month > 12 || day < 1 || day > 31) return false;
  return (10 - (weighted(digits, [1, 3, 7, 9, 1, 3, 7, 9, 1, 3]) % 10)) % 10 === digits[10];
}

/** Sweden's personnummer: Luhn over the ten digits, and a date. */
export function sePersonnummer(text: string): boolean {
  const digits = text.replace(/\D/g, '').slice(-10);
  const month = Number(digits.slice(2, 4));
  const day = Number(digits.slice(4, 6));
  return month >= 1 && month <= 12 && ((day >= 1 && day <= 31) || (day >= 61 && day <= 91)) && luhn(digits);
}

/** Finland's henkilötunnus: modulo 31. */
export function fiHetu(text: string): boolean {
  const number = Number(text.slice(0, 6) + text.slice(7, 10));
  return '0123456789ABCDEFHJKLMNPRSTUVWXY'[number % 31] === text[10]?.toUpperCase();
}

/** Norway's fødselsnummer: two modulo 11 digits. */
export function noFodselsnummer(text: string): boolean {
  const digits = digitsOf(text);
  const check = (weights: readonly number[]) => (11 - (weighted(digits, weights) % 11)) % 11;
  return (
    digits.length === 11 &&
    check([3, 7, 6, 1, 8, 9, 4, 5, 2]) === digits[9] &&
    check([5, 4, 3, 2, 7, 6, 5, 4, 3, 2]) === digits[10]
  );
}

/** Belgium's national register number: 97 minus the number modulo 97, born since 2000 with a 2 before it. */
export function beNrn(text: string): boolean {
  const digits = text.replace(/\D/g, '');
  const body = Number(digits.slice(0, 9));
  const check = Number(digits.slice(9));
  return digits.length === 11 && (97 - (body % 97) === check || 97 - ((2_000_000_000 + body) % 97) === check);
}

/** Portugal's NIF: modulo 11. */
export function ptNif(text: string): boolean {
  const digits = digitsOf(text);
  const rest = weighted(digits, [9, 8, 7, 6, 5, 4, 3, 2]) % 11;
  return digits.length === 9 && (rest < 2 ? 0 : 11 - rest) === digits[8];
}

/** Switzerland's AHV number: the check digit of EAN-13. */
export function chAhv(text: string): boolean {
  const digits = digitsOf(text);
  const sum = weighted(digits, [1, 3, 1, 3, 1, 3, 1, 3, 1, 3, 1, 3]);
  return digits.length === 13 && (10 - (sum % 10)) % 10 === digits[12];
}

/** Poland's NIP. */
export function plNip(text: string): boolean {
  return checked(text, 10, [6, 5, 7, 2, 3, 4, 5, 6, 7], (sum) => sum % 11);
}

/** Ireland's PPS number: the letter is the weighted sum modulo 23, a second letter counts nine times. */
export function iePps(text: string): boolean {
  const plain = text.toUpperCase();
  const second = plain.length > 8 && plain[8] !== 'W' ? (plain.charCodeAt(8) - 64) * 9 : 0;
  return 'WABCDEFGHIJKLMNOPQRSTUV'[(weighted(digitsOf(plain), [8, 7, 6, 5, 4, 3, 2]) + second) % 23] === plain[7];
}

/** Austria's social insurance number: the fourth digit is the check. */
export function atSvnr(text: string): boolean {
  const digits = digitsOf(text);
  return digits.length === 10 && weighted(digits, [3, 7, 9, 0, 5, 8, 4, 2, 1, 6]) % 11 === digits[3];
}

/** Romania's CNP. */
export function roCnp(text: string): boolean {
  const digits = digitsOf(text);
  const rest = weighted(digits, [2, 7, 9, 1, 4, 6, 3, 5, 8, 2, 7, 9]) % 11;
  return digits.length === 13 && hasDate(digits, 3, 5) && (rest === 10 ? 1 : rest) === digits[12];
}

/** Bulgaria's EGN; the month of those born before 1900 or since 2000 is counted on. */
export function bgEgn(text: string): boolean {
  return (
    hasDate(digitsOf(text), 2, 4, [0, 20, 40]) &&
    checked(text, 10, [2, 4, 8, 5, 10, 9, 7, 3, 6], (sum) => (sum % 11) % 10)
  );
}

/** Greece's AMKA: a date, and Luhn. */
export function grAmka(text: string): boolean {
  const digits = digitsOf(text);
  return digits.length === 11 && hasDate(digits, 2, 0) && luhn(text);
}

/** Croatia's OIB. */
export function hrOib(text: string): boolean {
  const digits = digitsOf(text);
  return digits.length === 11 && !allEqual(digits) && iso7064(digits);
}

/** The personal codes of Estonia and Lithuania: two rows of weights, the second where the first leaves ten. */
export function eeLtCode(text: string): boolean {
  const digits = digitsOf(text);
  const rest = (weights: readonly number[]) => weighted(digits, weights) % 11;
  const first = rest([1, 2, 3, 4, 5, 6, 7, 8, 9, 1]);
  const check = first < 10 ? first : rest([3, 4, 5, 6, 7, 8, 9, 1, 2, 3]) % 10;
  return digits.length === 11 && hasDate(digits, 3, 5) && check === digits[10];
}

/** Hungary's TAJ. */
export function huTaj(text: string): boolean {
  return checked(text, 9, [3, 7, 3, 7, 3, 7, 3, 7], (sum) => sum % 10);
}

/** The birth numbers of Czechia and Slovakia: all ten digits are divisible by eleven. */
export function czBirthNumber(text: string): boolean {
  const digits = digitsOf(text);
  const number = Number(digits.slice(0, 9).join('')) % 11;
  return digits.length === 10 && hasDate(digits, 2, 4, [0, 20, 50, 70]) && number % 10 === digits[9];
}

/** Türkiye's identity number. */
export function trIdentity(text: string): boolean {
  const digits = digitsOf(text);
  if (digits.length !== 11 || digits[0] === 0) return false;
  const tenth = weighted(digits, [7, 9, 7, 9, 7, 9, 7, 9, 7]) % 10;
  return tenth === digits[9] && digits.slice(0, 10).reduce((sum, digit) => sum + digit, 0) % 10 === digits[10];
}
