/**
 * Checks of a value's own check digits, for rules whose shape alone is too common. A validator sees the matched text
 * as it was folded; it must be a pure function and linear in the text. What throws counts as a match.
 */
export type Validator = (text: string) => boolean;

export type ValidatorName = keyof typeof validators;

const digitsOf = (text: string): number[] => [...text.replace(/\D/g, '')].map(Number);
const weighted = (digits: readonly number[], weights: readonly number[]): number =>
  weights.reduce((sum, weight, i) => sum + weight * (digits[i] ?? 0), 0);
const allEqual = (digits: readonly number[]): boolean => digits.every((digit) => digit === digits[0]);

/** ISO/IEC 7812-1 annex B. */
function luhn(text: string): boolean {
  const digits = digitsOf(text);
  if (digits.length < 2 || allEqual(digits)) return false;
  const sum = digits.reduceRight((total, digit, i) => {
    const doubled = (digits.length - 1 - i) % 2 === 1 ? digit * 2 : digit;
    return total + (doubled > 9 ? doubled - 9 : doubled);
  }, 0);
  return sum % 10 === 0;
}

/** A payment card: Luhn, and a length that its network issues (ISO/IEC 7812). */
function paymentCard(text: string): boolean {
  const digits = text.replace(/\D/g, '');
  const lengths = cardLengths.find(([prefix]) => prefix.test(digits));
  return lengths?.[1].includes(digits.length) === true && luhn(digits);
}

const cardLengths: readonly (readonly [prefix: RegExp, lengths: readonly number[]])[] = [
  [/^4/, [13, 16, 19]],
  [/^(?:5[1-5]|222[1-9]|22[3-9]|2[3-6]|27[01]|2720)/, [16]],
  [/^3[47]/, [15]],
  [/^(?:30[0-5]|3095|36|3[89])/, [14, 16, 19]],
  [/^(?:6011|64[4-9]|65)/, [16, 19]],
  [/^35(?:2[89]|[3-8])/, [16, 19]],
  [/^62/, [16, 17, 18, 19]],
  [/^(?:50|5[6-9]|6)/, [13, 14, 15, 16, 17, 18, 19]],
  [/^220[0-4]/, [16, 17, 18, 19]],
];

/** ISO 13616: the rearranged text is 1 modulo 97; and the length is the country's. */
function iban(text: string): boolean {
  const plain = text.replace(/[^0-9A-Za-z]/g, '').toUpperCase();
  if (ibanLengths[plain.slice(0, 2)] !== plain.length) return false;
  return mod97(plain.slice(4) + plain.slice(0, 4)) === 1;
}

function mod97(text: string): number {
  let rest = 0;
  for (const sign of text) {
    const value = Number.parseInt(sign, 36);
    rest = (rest * (value > 9 ? 100 : 10) + value) % 97;
  }
  return rest;
}

/** Total lengths of the SWIFT IBAN registry. */
const ibanLengths: { readonly [country: string]: number } = Object.fromEntries(
  (
    'AD24 AE23 AL28 AT20 AZ28 BA20 BE16 BG22 BH22 BI27 BR29 BY28 CH21 CR22 CY28 CZ24 DE22 DJ27 DK18 DO28 EE20 EG29 ' +
    'ES24 FI18 FK18 FO18 FR27 GB22 GE22 GI23 GL18 GR27 GT28 HR21 HU28 IE22 IL23 IQ23 IS26 IT27 JO30 KW30 KZ20 LB28 ' +
    'LC32 LI21 LT20 LU20 LV21 LY25 MC27 MD24 ME22 MK19 MN20 MR27 MT31 MU30 NI28 NL18 NO15 OM23 PK24 PL28 PS29 PT25 ' +
    'QA29 RO24 RS22 RU33 SA24 SC31 SD18 SE24 SI19 SK24 SM27 SO23 ST25 SV28 TL23 TN24 TR26 UA29 VA22 VG24 XK20 YE30'
  )
    .split(' ')
    .map((entry) => [entry.slice(0, 2), Number(entry.slice(2))]),
);

/** US social security numbers: no 000, 666 or 9xx area, no 00 group, no 0000 serial (SSA, since 2011). */
function usSsn(text: string): boolean {
  const digits = text.replace(/\D/g, '');
  return (
    !/^(?:000|666|9)/.test(digits) &&
    digits.slice(3, 5) !== '00' &&
    digits.slice(5) !== '0000' &&
    digits !== '123456789' &&
    digits !== '078051120'
  );
}

/** Germany's tax identification number: ISO 7064 MOD 11,10 over ten digits. */
function deTaxId(text: string): boolean {
  const digits = digitsOf(text);
  if (digits.length !== 11 || digits[0] === 0) return false;
  const counts = digits.slice(0, 10).map((digit) => digits.slice(0, 10).filter((other) => other === digit).length);
  if (Math.max(...counts) < 2 || Math.max(...counts) > 3) return false;
  let product = 10;
  for (const digit of digits.slice(0, 10)) {
    const sum = (digit + product) % 10 || 10;
    product = (sum * 2) % 11;
  }
  return (11 - product) % 10 === digits[10];
}

/** France's NIR: 97 minus the number modulo 97, Corsica's letters as 19 and 18. */
function frNir(text: string): boolean {
  const plain = text.replace(/[\s.-]/g, '').toUpperCase();
  const body = plain.slice(0, 13).replace('2A', '19').replace('2B', '18');
  return /^\d{13}$/.test(body) && 97 - Number(BigInt(body) % 97n) === Number(plain.slice(13, 15));
}

const spanishLetters = 'TRWAGMYFPDXBNJZSQVHLCKE';

/** Spain's DNI and NIE: the letter is the number modulo 23. */
function esDni(text: string): boolean {
  const plain = text.replace(/[\s.-]/g, '').toUpperCase();
  const number = plain.slice(0, -1).replace(/^[XYZ]/, (letter) => String('XYZ'.indexOf(letter)));
  return spanishLetters[Number(number) % 23] === plain.at(-1);
}

/** Italy's codice fiscale: odd and even tables, modulo 26 (D.M. 12.3.1974). */
function itFiscalCode(text: string): boolean {
  const plain = text.toUpperCase();
  const odd = [1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23];
  const sum = [...plain.slice(0, 15)].reduce((total, sign, i) => {
    const value = /\d/.test(sign) ? Number(sign) : sign.charCodeAt(0) - 65;
    return total + (i % 2 === 0 ? odd[value]! : value);
  }, 0);
  return String.fromCharCode(65 + (sum % 26)) === plain[15];
}

/** The Netherlands' BSN: the eleven test with -1 as the last weight. */
function nlBsn(text: string): boolean {
  const digits = digitsOf(text);
  return digits.length === 9 && !allEqual(digits) && weighted(digits, [9, 8, 7, 6, 5, 4, 3, 2, -1]) % 11 === 0;
}

/** The United Kingdom's NHS number: modulo 11. */
function ukNhs(text: string): boolean {
  const digits = digitsOf(text);
  const check = 11 - (weighted(digits, [10, 9, 8, 7, 6, 5, 4, 3, 2]) % 11);
  return digits.length === 10 && !allEqual(digits) && check !== 10 && (check === 11 ? 0 : check) === digits[9];
}

/** Poland's PESEL. */
function plPesel(text: string): boolean {
  const digits = digitsOf(text);
  const month = (digits[2]! * 10 + digits[3]!) % 20;
  const day = digits[4]! * 10 + digits[5]!;
  if (digits.length !== 11 || month < 1 || month > 12 || day < 1 || day > 31) return false;
  return (10 - (weighted(digits, [1, 3, 7, 9, 1, 3, 7, 9, 1, 3]) % 10)) % 10 === digits[10];
}

/** Sweden's personnummer: Luhn over the ten digits, and a date. */
function sePersonnummer(text: string): boolean {
  const digits = text.replace(/\D/g, '').slice(-10);
  const month = Number(digits.slice(2, 4));
  const day = Number(digits.slice(4, 6));
  return month >= 1 && month <= 12 && ((day >= 1 && day <= 31) || (day >= 61 && day <= 91)) && luhn(digits);
}

/** Finland's henkilötunnus: modulo 31. */
function fiHetu(text: string): boolean {
  const number = Number(text.slice(0, 6) + text.slice(7, 10));
  return '0123456789ABCDEFHJKLMNPRSTUVWXY'[number % 31] === text[10]?.toUpperCase();
}

/** Norway's fødselsnummer: two modulo 11 digits. */
function noFodselsnummer(text: string): boolean {
  const digits = digitsOf(text);
  const check = (weights: readonly number[]) => (11 - (weighted(digits, weights) % 11)) % 11;
  return (
    digits.length === 11 &&
    check([3, 7, 6, 1, 8, 9, 4, 5, 2]) === digits[9] &&
    check([5, 4, 3, 2, 7, 6, 5, 4, 3, 2]) === digits[10]
  );
}

/** Brazil's CPF: two modulo 11 digits. */
function brCpf(text: string): boolean {
  const digits = digitsOf(text);
  if (digits.length !== 11 || allEqual(digits)) return false;
  const check = (count: number) => {
    const sum = digits.slice(0, count).reduce((total, digit, i) => total + digit * (count + 1 - i), 0);
    return ((sum * 10) % 11) % 10;
  };
  return check(9) === digits[9] && check(10) === digits[10];
}

/** Brazil's CNPJ in its numeric form: two modulo 11 digits. */
function brCnpj(text: string): boolean {
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

/** Belgium's national register number: 97 minus the number modulo 97, born since 2000 with a 2 before it. */
function beNrn(text: string): boolean {
  const digits = text.replace(/\D/g, '');
  const body = Number(digits.slice(0, 9));
  const check = Number(digits.slice(9));
  return digits.length === 11 && (97 - (body % 97) === check || 97 - ((2_000_000_000 + body) % 97) === check);
}

/** Portugal's NIF: modulo 11. */
function ptNif(text: string): boolean {
  const digits = digitsOf(text);
  const rest = weighted(digits, [9, 8, 7, 6, 5, 4, 3, 2]) % 11;
  return digits.length === 9 && (rest < 2 ? 0 : 11 - rest) === digits[8];
}

/** Switzerland's AHV number: the check digit of EAN-13. */
function chAhv(text: string): boolean {
  const digits = digitsOf(text);
  const sum = weighted(digits, [1, 3, 1, 3, 1, 3, 1, 3, 1, 3, 1, 3]);
  return digits.length === 13 && (10 - (sum % 10)) % 10 === digits[12];
}

/** India's Aadhaar: Verhoeff. */
function inAadhaar(text: string): boolean {
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
function auTfn(text: string): boolean {
  const digits = digitsOf(text);
  return digits.length === 9 && !allEqual(digits) && weighted(digits, [1, 4, 3, 7, 5, 8, 6, 9, 10]) % 11 === 0;
}

/** China's resident identity number: ISO 7064 MOD 11-2. */
function cnResidentId(text: string): boolean {
  const plain = text.toUpperCase();
  const sum = weighted([...plain.slice(0, 17)].map(Number), [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2]);
  const month = Number(plain.slice(10, 12));
  return month >= 1 && month <= 12 && '10X98765432'[sum % 11] === plain[17];
}

/** Shannon entropy in bits a character; what people write by hand stays below about 3. */
export function entropy(text: string): number {
  const counts = new Map<string, number>();
  for (const sign of text) counts.set(sign, (counts.get(sign) ?? 0) + 1);
  let bits = 0;
  for (const count of counts.values()) bits -= (count / text.length) * Math.log2(count / text.length);
  return bits;
}

const placeholders =
  /^(?:true|false|null|none|undefined|string|required|optional|changeme|example|password|secret|token|x+|\*+|\.+)$/i;
const announced =
  /^(?:your|my|the|some|example|dummy|test|fake|sample|placeholder|insert|enter|change)(?:[-_ ]|[a-z]*$)/i;
/** `kebab-case`, `CONSTANT_CASE`, `camelCase` with members, paths, and names of variables to be filled in. */
const namesInCode =
  /^(?:[a-z]+(?:[-_.][a-z]+)*|[A-Z]+(?:[_-][A-Z]+)*|(?:[A-Za-z][a-z]+)+(?:\.[A-Za-z]\w*)*|[~.]{0,2}\/[\w./-]*|[$:@%]\{?\w+[}%]?|process\.env\..*)$/;

/** A value that was made by a machine, or a password with some mixture: no name, no path, no placeholder. */
function looksSecret(text: string): boolean {
  const value = text.replace(/[.:,;!?)]+$/, '');
  // In a quoted phrase one of the words must be a secret of its own.
  if (value.includes(' '))
    return value.split(' ').some((part) => part.length >= 6 && /\d/.test(part) && looksSecret(part));
  if (placeholders.test(value) || announced.test(value) || namesInCode.test(value)) return false;
  const kinds = [/[a-z]/, /[A-Z]/, /\d/, /[^A-Za-z0-9]/].filter((kind) => kind.test(value)).length;
  return kinds >= 2 && /\d|[^A-Za-z0-9._/-]/.test(value) && entropy(value) >= 2.5;
}

/** A long value that no person would write: digits among letters, and much entropy. */
function highEntropy(text: string): boolean {
  return /\d/.test(text) && /[A-Za-z]/.test(text) && entropy(text) >= 3;
}

/** An address of a machine: not loopback, unspecified, a net mask, or four small numbers as versions have them. */
function ipAddress(text: string): boolean {
  if (text.includes(':')) return !/^(?:::1?|fe80:.*)$/i.test(text);
  const octets = text.split('.').map(Number);
  if (octets[0] === 0 || octets[0] === 127 || octets[0] === 255) return false;
  return octets[0] === 10 || octets.some((octet) => octet >= 20);
}

/** A telephone number's count of digits (E.164), and no date or repeated digit. */
function phone(text: string): boolean {
  const digits = digitsOf(text);
  return digits.length >= 8 && digits.length <= 15 && !allEqual(digits.slice(-7));
}

export const validators = {
  luhn,
  payment_card: paymentCard,
  iban,
  us_ssn: usSsn,
  de_tax_id: deTaxId,
  fr_nir: frNir,
  es_dni: esDni,
  it_fiscal_code: itFiscalCode,
  nl_bsn: nlBsn,
  uk_nhs: ukNhs,
  pl_pesel: plPesel,
  se_personnummer: sePersonnummer,
  fi_hetu: fiHetu,
  no_fodselsnummer: noFodselsnummer,
  br_cpf: brCpf,
  br_cnpj: brCnpj,
  be_nrn: beNrn,
  pt_nif: ptNif,
  ch_ahv: chAhv,
  in_aadhaar: inAadhaar,
  au_tfn: auTfn,
  cn_resident_id: cnResidentId,
  looks_secret: looksSecret,
  high_entropy: highEntropy,
  ip_address: ipAddress,
  phone,
} as const satisfies { readonly [name: string]: Validator };

/** Whether the value passes; a validator that throws does not un-mask. */
export function passes(name: ValidatorName, text: string): boolean {
  try {
    return validators[name](text);
  } catch {
    return true;
  }
}
