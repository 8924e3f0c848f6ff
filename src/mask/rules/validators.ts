import { allEqual, digitsOf, luhn } from './check_digits.ts';
import * as europe from './ids_europe.ts';
import * as world from './ids_world.ts';
import { entropy, highEntropy, looksSecret, sessionValue, strongSecret } from './secret_values.ts';

export { entropy };

/**
 * Checks of a value's own check digits, for rules whose shape alone is too common. A validator sees the matched text
 * as it was folded; it must be a pure function and linear in the text. What throws counts as a match.
 */
export type Validator = (text: string) => boolean;

export type ValidatorName = keyof typeof validators;

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
  if (ibanLengths[plain.slice(0, 2)] !== plain.length || /^..(?:0[01]|99)/.test(plain)) return false;
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

/** An address of a machine: not loopback, unspecified, a network or its mask, or four small numbers as versions have them. */
function ipAddress(text: string): boolean {
  // Addresses kept for documentation count: people use them where real ones belong.
  if (text.includes(':')) return !/^(?:::1?|fe80:.*)$/i.test(text);
  const octets = text.split('.').map(Number);
  if (octets[0] === 0 || octets[0] === 127 || octets[0] === 255) return false;
  if (octets[2] === 0 && octets[3] === 0) return false;
  return octets[0] === 10 || octets.some((octet) => octet >= 20);
}

/** A telephone number's count of digits (E.164), and no date or repeated digit. */
function phone(text: string): boolean {
  const digits = digitsOf(text);
  const date = /^(?:19|20)\d\d[-./](?:0[1-9]|1[0-2])[-./][0-3]\d$/.test(text.trim());
  return digits.length >= 8 && digits.length <= 15 && !allEqual(digits.slice(-7)) && !date;
}

/** Anything but a placeholder in which one sign repeats. */
function notRepeated(text: string): boolean {
  return !/(.)\1{7}/.test(text);
}

/** A MAC address of one device: neither all zeros nor the broadcast address. */
function macAddress(text: string): boolean {
  return !/^(?:0+|f+)$/i.test(text.replace(/[:.-]/g, ''));
}

export const validators = {
  luhn,
  payment_card: paymentCard,
  iban,
  us_ssn: world.usSsn,
  de_tax_id: europe.deTaxId,
  fr_nir: europe.frNir,
  es_dni: europe.esDni,
  it_fiscal_code: europe.itFiscalCode,
  nl_bsn: europe.nlBsn,
  uk_nhs: europe.ukNhs,
  pl_pesel: europe.plPesel,
  se_personnummer: europe.sePersonnummer,
  fi_hetu: europe.fiHetu,
  no_fodselsnummer: europe.noFodselsnummer,
  br_cpf: world.brCpf,
  br_cnpj: world.brCnpj,
  be_nrn: europe.beNrn,
  pt_nif: europe.ptNif,
  ch_ahv: europe.chAhv,
  in_aadhaar: world.inAadhaar,
  au_tfn: world.auTfn,
  cn_resident_id: world.cnResidentId,
  us_npi: world.usNpi,
  us_routing: world.usRouting,
  pl_nip: europe.plNip,
  ie_pps: europe.iePps,
  at_svnr: europe.atSvnr,
  ro_cnp: europe.roCnp,
  bg_egn: europe.bgEgn,
  gr_amka: europe.grAmka,
  hr_oib: europe.hrOib,
  ee_lt_code: europe.eeLtCode,
  hu_taj: europe.huTaj,
  cz_birth_number: europe.czBirthNumber,
  tr_identity: europe.trIdentity,
  ar_cuit: world.arCuit,
  cl_rut: world.clRut,
  mx_curp: world.mxCurp,
  in_gstin: world.inGstin,
  jp_my_number: world.jpMyNumber,
  tw_identity: world.twIdentity,
  hk_identity: world.hkIdentity,
  sg_nric: world.sgNric,
  th_identity: world.thIdentity,
  il_identity: world.ilIdentity,
  au_medicare: world.auMedicare,
  au_abn: world.auAbn,
  nz_ird: world.nzIrd,
  vin: world.vin,
  looks_secret: looksSecret,
  strong_secret: strongSecret,
  high_entropy: highEntropy,
  session_value: sessionValue,
  ip_address: ipAddress,
  not_repeated: notRepeated,
  mac_address: macAddress,
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
