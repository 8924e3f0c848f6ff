import { readFileSync } from 'node:fs';
import { SAML as NodeSaml, type SamlConfig, ValidateInResponseTo } from '@node-saml/node-saml';
import { GatewayError } from '../errors.ts';
import type { LoggedIn, SamlLogins } from '../model/login.ts';
import { refusal } from './refusal.ts';
import { type RevocationCheck, revocationMarks } from './revocation_marks.ts';
import { MAX_ASSERTION_AGE_MS, readPerson, type SamlEntry, type SamlPurpose } from './saml_claims.ts';
import { DSIG, readAssertion, readResponse, SAML, SAMLP } from './saml_shape.ts';
import { childOf, childrenOf, plainText, readXml, type XmlElement } from './saml_xml.ts';
import type { UsedIds } from './used_ids.ts';

const SUCCESS = 'urn:oasis:names:tc:SAML:2.0:status:Success';
const MAX_POSTED = 393_216;

export interface SamlOptions {
  readonly providers: readonly SamlEntry[];
  readonly usedIds: UsedIds;
  readonly revocations: RevocationCheck;
  /** Epoch milliseconds. */
  readonly clock?: () => number;
}

/** SAML 2.0 identity providers: console logins, and assertions that become tokens. */
export interface Saml extends SamlLogins {
  /**
   * The person behind a base64url assertion made for `recipient`, our token endpoint (RFC 7522). Accepted once. Rejects
   * with `GatewayError` TOKEN_INVALID, TOKEN_EXPIRED or TOKEN_REVOKED.
   */
  assertion(text: string, recipient: string): Promise<LoggedIn>;
}

/**
 * Makes the SAML side of the gateway. Signatures are checked by node-saml; the document's shape before that, and every
 * claim after it, read from the bytes that the signature covers, are checked here.
 */
export function createSaml({ providers, usedIds, revocations, clock = Date.now }: SamlOptions): Saml {
  const certificates = new Map(providers.map((entry) => [entry.name, readFileSync(entry.certificate, 'utf8')]));
  const optionsFor = (entry: SamlEntry, callbackUrl: string): SamlConfig => ({
    callbackUrl,
    entryPoint: entry.sso_url,
    issuer: entry.audience,
    audience: entry.audience,
    idpCert: certificates.get(entry.name)!,
    idpIssuer: entry.entity_id,
    identifierFormat: null,
    disableRequestedAuthnContext: true,
    wantAssertionsSigned: true,
    wantAuthnResponseSigned: false,
    // Times are judged once, below, by the gateway's own clock.
    acceptedClockSkewMs: -1,
  });

  /** Proves the one assertion of a response that has the right shape, once. */
  const prove = async (
    xml: string,
    response: XmlElement,
    entry: SamlEntry,
    purpose: SamlPurpose,
  ): Promise<LoggedIn> => {
    const signedBytes = await signedAssertion(
      new NodeSaml({
        ...optionsFor(entry, purpose.recipient),
        wantAuthnResponseSigned: childrenOf(response, DSIG, 'Signature').length > 0,
        ...requestCache(purpose.inResponseTo),
      }),
      xml,
    );
    const assertion = readXml(signedBytes);
    const id = assertion.attributes.get('ID') ?? '';
    if (id !== childOf(response, SAML, 'Assertion').attributes.get('ID')) throw refusal('TOKEN_INVALID', 'signature');
    const person = readPerson(assertion, entry, purpose, clock());
    const until = clock() + 2 * MAX_ASSERTION_AGE_MS;
    if (!(await usedIds.take(`saml ${entry.entity_id}`, id, until))) throw refusal('TOKEN_INVALID', 'replayed');
    if (revocations.revoked(revocationMarks(person.identity))) throw refusal('TOKEN_REVOKED', 'revoked');
    return person;
  };

  const named = (name: string): SamlEntry => {
    const entry = providers.find((provider) => provider.name === name);
    if (!entry) throw new GatewayError('NOT_FOUND', 'There is no login of that name.');
    return entry;
  };

  return {
    names: providers.map(({ name }) => name),
    async start(name, { id, acsUrl, relayState, forceAuthn }) {
      const saml = new NodeSaml({ ...optionsFor(named(name), acsUrl), forceAuthn, generateUniqueId: () => id });
      return saml.getAuthorizeUrlAsync(relayState, undefined, {});
    },
    async finish(name, posted, { id, acsUrl }) {
      const entry = named(name);
      const xml = decode(posted, 'base64');
      const response = readResponse(xml);
      const { attributes } = response;
      if (attributes.get('InResponseTo') !== id) throw refusal('TOKEN_INVALID', 'request');
      if ((attributes.get('Destination') ?? acsUrl) !== acsUrl) throw refusal('TOKEN_INVALID', 'recipient');
      const status = childOf(childOf(response, SAMLP, 'Status'), SAMLP, 'StatusCode');
      if (status.attributes.get('Value') !== SUCCESS) throw refusal('TOKEN_INVALID', 'saml', 'status');
      return prove(xml, response, entry, { recipient: acsUrl, inResponseTo: id });
    },
    async assertion(text, recipient) {
      const xml = decode(text, 'base64url').replace(/^<\?xml[^>]*\?>\s*/, '');
      const issuer = plainText(childOf(readAssertion(xml), SAML, 'Issuer'));
      const entry = providers.find((provider) => provider.entity_id === issuer);
      if (!entry) throw refusal('TOKEN_INVALID', 'issuer');
      // Node-saml takes responses only. Exclusive canonicalisation makes the assertion the same inside one.
      const wrapped = `<samlp:Response xmlns:samlp="${SAMLP}" ID="_${crypto.randomUUID()}" Version="2.0">${xml}</samlp:Response>`;
      return prove(wrapped, readResponse(wrapped), entry, { recipient, inResponseTo: null });
    },
  };
}

/** The canonical bytes that the signature covers, as node-saml gives them after it checked it. */
async function signedAssertion(saml: NodeSaml, xml: string): Promise<string> {
  const SAMLResponse = Buffer.from(xml).toString('base64');
  try {
    const { profile } = await saml.validatePostResponseAsync({ SAMLResponse });
    const signed = profile?.getAssertionXml?.();
    if (signed) return signed;
  } catch (cause) {
    // Node-saml's texts may quote what was sent.
    throw new GatewayError('TOKEN_INVALID', undefined, { detail: 'token refused: signature saml', cause });
  }
  throw refusal('TOKEN_INVALID', 'signature', 'saml');
}

/** For node-saml's own check of `InResponseTo`: a cache that knows the one request. */
function requestCache(id: string | null): Partial<SamlConfig> {
  if (id === null) return { validateInResponseTo: ValidateInResponseTo.never };
  const known = async (key: string | null) => (key === id ? new Date().toISOString() : null);
  return {
    validateInResponseTo: ValidateInResponseTo.always,
    cacheProvider: { saveAsync: async () => null, getAsync: known, removeAsync: known },
  };
}

function decode(posted: string, encoding: 'base64' | 'base64url'): string {
  if (posted.length > MAX_POSTED) throw refusal('TOKEN_INVALID', 'size');
  const text = encoding === 'base64' ? posted.replace(/[\r\n]/g, '') : posted;
  const form = encoding === 'base64' ? /^[A-Za-z0-9+/]+={0,2}$/ : /^[A-Za-z0-9_-]+={0,2}$/;
  if (!form.test(text)) throw refusal('TOKEN_INVALID', 'form');
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(Buffer.from(text, encoding));
  } catch {
    throw refusal('TOKEN_INVALID', 'form');
  }
}
