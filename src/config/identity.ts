import { z } from 'zod';
import { bundleAlgorithms } from '../seal/index.ts';
import type { Context } from './context.ts';
import { always, distinct, fault, label, publicFile, seconds, serviceUrl } from './fields.ts';
import { gatewayTokens, oidcLogin, samlProviders } from './login.ts';

/** Signature algorithms a caller's token may have. Asymmetric only: a shared secret would let a verifier sign. */
const tokenAlgorithms = [...bundleAlgorithms, 'EdDSA'] as const;

const claimPath = z
  .string()
  .regex(/^[^.\s]+(\.[^.\s]+)*$/, { message: 'not a path into the claims, such as sub or realm_access.roles' });

const claimMap = z
  .strictObject({
    subject: claimPath.default('sub').describe('Claim that names the caller, unique for its issuer.'),
    groups: claimPath.optional().describe('Claim with the groups: an array of strings, or one string.'),
    function: claimPath.optional().describe('Claim that names the program that asks.'),
    person: claimPath
      .optional()
      .describe('Claim that is the same for one human at every issuer. Human issuers need it.'),
    owner: claimPath
      .optional()
      .describe('Claim that names the human behind a workload, in the same terms as `person`.'),
    strength: claimPath.optional().describe('Claim that says how the login was made, usually `acr`.'),
  })
  .describe('Which claim becomes which part of the principal: dot paths into the claims.');

const audiences = z.union([z.string().min(1), z.array(z.string().min(1)).min(1)]);

const jwks = {
  what: 'a JWKS',
  hint: 'It is JSON with the public keys of the issuer in `keys` (RFC 7517).',
  read: (text: string) => z.object({ keys: z.array(z.looseObject({ kty: z.string() })) }).parse(JSON.parse(text)),
};

const keySource = (context: Context) =>
  z
    .union([
      z.strictObject({ url: serviceUrl.describe('JWKS document.') }),
      z.strictObject({ file: publicFile(context, jwks).describe('JWKS file.') }),
      z.strictObject({ discovery: z.literal(true).describe('Find the JWKS by OpenID Connect discovery at `issuer`.') }),
    ])
    .describe('Where the public keys come from: one of {url: …}, {file: …} and {discovery: true}.');

const issuer = (context: Context) =>
  z
    .strictObject({
      name: label.describe('Short name in logs and metrics.'),
      tenant: label.describe('Tenant that its principals belong to.'),
      issuer: z.string().min(1).describe('The `iss` claim, compared exactly.'),
      kind: z.enum(['human', 'workload']).describe('Whether this issuer vouches for humans or for programs.'),
      audience: audiences.describe('The `aud` that tokens for this gateway have, one or several.'),
      admin_audience: z
        .string()
        .min(1)
        .optional()
        .describe('The `aud` of tokens for verdicts; differs from `audience`.'),
      algorithms: z.array(z.enum(tokenAlgorithms)).min(1).describe('Accepted signature algorithms, asymmetric only.'),
      typ: z
        .array(z.string().min(1))
        .min(1)
        .optional()
        .describe('Accepted `typ` headers, such as at+jwt; absent: any.'),
      max_age_s: seconds.default(3600).describe('Oldest accepted `iat`, in seconds.'),
      jwks: keySource(context),
      map: claimMap.prefault({}),
      login: oidcLogin(context).optional(),
    })
    .superRefine(checkIssuer, always);

/** What holds between the keys of one issuer. Any of them may be missing or faulty: all faults come at once. */
function checkIssuer(value: Partial<IssuerKeys>, context: z.RefinementCtx): void {
  if (value.admin_audience !== undefined && [value.audience].flat().includes(value.admin_audience)) {
    fault(context, 'equals an audience', 'Register a second audience at the issuer for verdicts.', ['admin_audience']);
  }
  if (value.kind === 'human' && value.map !== undefined && value.map.person === undefined) {
    fault(
      context,
      'missing, and a human issuer needs it',
      'Map a claim that is the same for one human at every issuer, such as email or an employee id.',
      ['map', 'person'],
    );
  }
  if (value.login !== undefined) checkLogin(value, context);
  const discovers = typeof value.jwks === 'object' && value.jwks !== null && 'discovery' in value.jwks;
  if (discovers && value.issuer !== undefined && !serviceUrl.safeParse(value.issuer).success) {
    fault(context, 'discovery needs an https issuer', 'Use jwks.url or jwks.file, or correct `issuer`.', ['issuer']);
  }
}

function checkLogin(value: Partial<IssuerKeys>, context: z.RefinementCtx): void {
  if (value.kind === 'workload') {
    fault(context, 'login at an issuer of workloads', 'Only issuers with `kind: human` can log a person in.', [
      'login',
    ]);
  }
  if (value.issuer !== undefined && !serviceUrl.safeParse(value.issuer).success) {
    fault(context, 'login needs an https issuer', 'It is found by OpenID Connect discovery at `issuer`.', ['login']);
  }
}

interface IssuerKeys {
  readonly issuer: string;
  readonly kind: string;
  readonly audience: string | readonly string[];
  readonly admin_audience: string | undefined;
  readonly jwks: object;
  readonly login: object | undefined;
  readonly map: { readonly person?: string | undefined };
}

/** Who may ask. */
export const identity = (context: Context) =>
  z
    .strictObject({
      development: z.boolean().default(false).describe('The built-in development issuer; never beside a real issuer.'),
      issuers: z.array(issuer(context)).default([]).describe('Token issuers whose tokens are accepted.'),
      saml: samlProviders(context),
      tokens: gatewayTokens.prefault({}),
    })
    .superRefine((value, context) => {
      const lengthOf = (list: unknown) => (Array.isArray(list) ? list.length : 0);
      const count = lengthOf(value.issuers) + lengthOf(value.saml);
      if (value.development === true && count > 0) {
        fault(context, 'on together with a real issuer', 'Take out one of the two.', ['development']);
      }
      if (value.development === false && count === 0) {
        fault(context, 'nobody could be identified', 'List an issuer. To try the gateway, run `sallyport dev`.', [
          'issuers',
        ]);
      }
      const hint = 'Each issuer is listed once, under its own name.';
      distinct(value.issuers, 'name', context, ['issuers'], hint);
      distinct(value.issuers, 'issuer', context, ['issuers'], hint);
      distinct(value.saml, 'name', context, ['saml'], hint);
      distinct(value.saml, 'entity_id', context, ['saml'], hint);
      const names = new Set(
        (Array.isArray(value.issuers) ? value.issuers : []).flatMap((entry) => [entry?.name, entry?.issuer]),
      );
      for (const [index, entry] of (Array.isArray(value.saml) ? value.saml : []).entries()) {
        for (const key of ['name', 'entity_id'] as const) {
          if (names.has(entry?.[key])) fault(context, 'the same as of an entry of issuers', hint, ['saml', index, key]);
        }
      }
    }, always);
