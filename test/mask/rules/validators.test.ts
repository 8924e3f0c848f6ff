import { describe, expect, it } from 'vitest';
import { passes, type ValidatorName } from '../../../src/mask/rules/validators.ts';

/** Numbers that authorities and standards print as examples; none belongs to a person. */
const examples: readonly (readonly [ValidatorName, string])[] = [
  ['luhn', '79927398713'],
  ['payment_card', '4111 1111 1111 1111'],
  ['payment_card', '3782 822463 10005'],
  ['iban', 'GB82 WEST 1234 5698 7654 32'],
  ['iban', 'DE89370400440532013000'],
  ['us_ssn', '219-09-9999'],
  ['de_tax_id', '86095742719'],
  ['fr_nir', '255081416802538'],
  ['es_dni', '12345678Z'],
  ['es_dni', 'X1234567L'],
  ['it_fiscal_code', 'RSSMRA85T10A562S'],
  ['nl_bsn', '111222333'],
  ['uk_nhs', '943 476 5919'],
  ['pl_pesel', '44051401359'],
  ['se_personnummer', '811218-9876'],
  ['fi_hetu', '131052-308T'],
  ['br_cpf', '111.444.777-35'],
  ['br_cnpj', '11.222.333/0001-81'],
  ['be_nrn', '85.07.30-033.28'],
  ['pt_nif', '123456789'],
  ['ch_ahv', '756.9217.0769.85'],
  ['in_aadhaar', '2341 2341 2346'],
  ['au_tfn', '123 456 782'],
  ['cn_resident_id', '11010519491231002X'],
  ['us_npi', '1234567893'],
  ['us_routing', '021000021'],
  ['pl_nip', '123-456-32-18'],
  ['at_svnr', '1237 010180'],
  ['ro_cnp', '1800101221144'],
  ['bg_egn', '7523169263'],
  ['hr_oib', '69435151530'],
  ['ee_lt_code', '37605030299'],
  ['hu_taj', '111111110'],
  ['cz_birth_number', '736028/5163'],
  ['tr_identity', '10000000146'],
  ['ar_cuit', '20-12345678-6'],
  ['cl_rut', '12.345.678-5'],
  ['in_gstin', '27AAPFU0939F1ZV'],
  ['jp_my_number', '123456789018'],
  ['hk_identity', 'A123456(3)'],
  ['th_identity', '1-2345-67890-12-1'],
  ['il_identity', '123456782'],
  ['au_abn', '51 824 753 556'],
  ['nz_ird', '49-091-850'],
  ['vin', '1M8GDM9AXKP042788'],
];

describe('a validator', () => {
  it.each(examples)('%s accepts the example %s', (name, text) => {
    expect(passes(name, text)).toBe(true);
  });

  it.each(examples)('%s refuses the example %s with one digit changed', (name, text) => {
    if (name === 'us_ssn') return expect(passes(name, text.replace('219', '666'))).toBe(false);
    const at = text.search(/\d(?=\D*$)/);
    const other = String((Number(text[at]) + 1) % 10);
    expect(passes(name, text.slice(0, at) + other + text.slice(at + 1))).toBe(false);
  });

  it.each([
    ['hunter2!Horse', true],
    ['x9Kd82mQpL', true],
    ['process.env.TOKEN', false],
    ['changeme', false],
    ['your-api-key-here', false],
    ['$MY_TOKEN', false],
    ['/etc/ssl/private', false],
    ['createAuthenticationToken', false],
    ['YzBwcDNyXzEyWjhWOEpHQmRl', true],
    ['fhCoQtaSvGwUHqUBjeHIZHMas', true],
    ['getHTTPSURLFromXMLAPI', false],
    ['arn:aws:secretsmanager:eu-west-1:1:secret:db2', false],
    ['op://vault/item/password1', false],
    ['e.token1', false],
    ['<YOUR_TOKEN_1>', false],
    ['Horse.', false],
    ['the word abc123xyz9 in it', true],
    ['no word in it', false],
  ])('tells a secret from a name: %s', (text, secret) => {
    expect(passes('looks_secret', text)).toBe(secret);
  });

  it.each([
    ['81.2.69.160', true],
    ['203.0.113.9', true],
    ['10.2.0.0', false],
    ['10.0.0.1', true],
    ['1.2.3.4', false],
    ['127.0.0.1', false],
    ['255.255.255.0', false],
    ['2a02:8070::1:2', true],
    ['2001:db8::1:2', true],
    ['::1', false],
  ])('tells an address from a version or a mask: %s', (text, address) => {
    expect(passes('ip_address', text)).toBe(address);
  });
});
