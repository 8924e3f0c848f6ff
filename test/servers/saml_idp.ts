import { randomUUID } from 'node:crypto';
import { IdentityProvider, SamlLib, ServiceProvider, setSchemaValidator } from 'samlify';
import { selfSignedCertificate } from '../outbound/certificate.ts';

/** What an assertion says; times are epoch milliseconds. */
export interface Assertion {
  readonly id: string;
  readonly responseId: string;
  readonly issuer: string;
  readonly inResponseTo: string | null;
  readonly destination: string;
  readonly recipient: string;
  readonly audience: string;
  readonly nameId: string;
  readonly nameIdFormat: string;
  readonly issuedAt: number;
  readonly notOnOrAfter: number;
  readonly authenticatedAt: number;
  readonly status: string;
  readonly attributes: { readonly [name: string]: readonly string[] };
}

/** A SAML identity provider on samlify: it reads login requests and signs responses. */
export interface SamlIdp {
  readonly entityId: string;
  /** PEM. */
  readonly certificate: string;
  /** Reads the redirect that starts a login. */
  readRequest(
    url: string,
    audience: string,
    acsUrl: string,
  ): Promise<{ id: string; acsUrl: string; forceAuthn: boolean }>;
  /** The whole response as XML, with the assertion signed, and the response too where asked for. */
  response(assertion: Partial<Assertion>, how?: SigningHow): string;
  /** The signed assertion alone. */
  assertion(assertion: Partial<Assertion>): string;
}

export interface SigningHow {
  readonly algorithm?: string;
  readonly key?: string;
  readonly message?: boolean;
  readonly unsigned?: boolean;
}

const RSA_SHA256 = 'http://www.w3.org/2001/04/xmldsig-more#rsa-sha256';
const transforms = ['http://www.w3.org/2000/09/xmldsig#enveloped-signature', 'http://www.w3.org/2001/10/xml-exc-c14n#'];

setSchemaValidator({ validate: async () => 'read by samlify itself' });

/** Makes a provider with a key of its own. `defaults` fill what a test does not say. */
export function createSamlIdp(defaults: () => Partial<Assertion>, clock: () => number = Date.now): SamlIdp {
  const entityId = 'https://saml.idp.example/metadata';
  const { key, cert } = selfSignedCertificate('rsa');
  const provider = IdentityProvider({
    entityID: entityId,
    privateKey: key,
    signingCert: cert,
    singleSignOnService: [
      { Binding: 'urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect', Location: 'https://saml.idp.example/sso' },
    ],
    singleLogoutService: [
      { Binding: 'urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect', Location: 'https://saml.idp.example/slo' },
    ],
  });
  const full = (given: Partial<Assertion>): Assertion => ({
    id: `_${randomUUID()}`,
    responseId: `_${randomUUID()}`,
    issuer: entityId,
    inResponseTo: null,
    destination: '',
    recipient: '',
    audience: '',
    nameId: 'ann',
    nameIdFormat: 'urn:oasis:names:tc:SAML:2.0:nameid-format:persistent',
    issuedAt: clock(),
    notOnOrAfter: clock() + 300_000,
    authenticatedAt: clock(),
    status: 'urn:oasis:names:tc:SAML:2.0:status:Success',
    attributes: { mail: ['ann@corp.example'], groups: ['approvers', 'staff'] },
    ...defaults(),
    ...given,
  });
  const signed = (xml: string, local: string, { algorithm = RSA_SHA256, key: other = key }: SigningHow) =>
    SamlLib.constructSAMLSignature({
      rawSamlMessage: xml,
      referenceTagXPath: `//*[local-name(.)='${local}']`,
      privateKey: other,
      signatureAlgorithm: algorithm,
      transformationAlgorithms: transforms,
      signingCert: cert.replace(/-----[A-Z ]+-----|\s/g, ''),
      isBase64Output: false,
      signatureConfig: {
        prefix: 'ds',
        location: { reference: `//*[local-name(.)='${local}']/*[local-name(.)='Issuer']`, action: 'after' },
      },
    });
  return {
    entityId,
    certificate: cert,
    async readRequest(url, audience, acsUrl) {
      const { searchParams } = new URL(url);
      const party = ServiceProvider({
        entityID: audience,
        assertionConsumerService: [{ Binding: 'urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST', Location: acsUrl }],
      });
      const query = Object.fromEntries(searchParams);
      const { extract, samlContent } = await provider.parseLoginRequest(party, 'redirect', { query });
      const { id, assertionConsumerServiceUrl } = extract.request as {
        id: string;
        assertionConsumerServiceUrl: string;
      };
      return { id, acsUrl: assertionConsumerServiceUrl, forceAuthn: samlContent.includes('ForceAuthn="true"') };
    },
    response(given, how = {}) {
      const xml = responseXml(full(given), assertionXml(full(given)));
      if (how.unsigned) return xml;
      const once = signed(xml, 'Assertion', how);
      return how.message ? signed(once, 'Response', how) : once;
    },
    assertion: (given) => signed(assertionXml(full(given)), 'Assertion', {}),
  };
}

const at = (ms: number) => new Date(ms).toISOString();

function responseXml(say: Assertion, assertion: string): string {
  const inResponseTo = say.inResponseTo === null ? '' : ` InResponseTo="${say.inResponseTo}"`;
  return (
    `<samlp:Response xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" ID="${say.responseId}" Version="2.0" IssueInstant="${at(say.issuedAt)}" Destination="${say.destination}"${inResponseTo}>` +
    `<saml:Issuer xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion">${say.issuer}</saml:Issuer>` +
    `<samlp:Status><samlp:StatusCode Value="${say.status}"/></samlp:Status>${assertion}</samlp:Response>`
  );
}

function assertionXml(say: Assertion): string {
  const inResponseTo = say.inResponseTo === null ? '' : ` InResponseTo="${say.inResponseTo}"`;
  const attributes = Object.entries(say.attributes)
    .map(([name, values]) => {
      const shown = values.map((value) => `<saml:AttributeValue>${value}</saml:AttributeValue>`).join('');
      return `<saml:Attribute Name="${name}">${shown}</saml:Attribute>`;
    })
    .join('');
  return (
    `<saml:Assertion xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" ID="${say.id}" Version="2.0" IssueInstant="${at(say.issuedAt)}">` +
    `<saml:Issuer>${say.issuer}</saml:Issuer>` +
    `<saml:Subject><saml:NameID Format="${say.nameIdFormat}">${say.nameId}</saml:NameID>` +
    `<saml:SubjectConfirmation Method="urn:oasis:names:tc:SAML:2.0:cm:bearer"><saml:SubjectConfirmationData NotOnOrAfter="${at(say.notOnOrAfter)}" Recipient="${say.recipient}"${inResponseTo}/></saml:SubjectConfirmation></saml:Subject>` +
    `<saml:Conditions NotBefore="${at(say.issuedAt - 1000)}" NotOnOrAfter="${at(say.notOnOrAfter)}"><saml:AudienceRestriction><saml:Audience>${say.audience}</saml:Audience></saml:AudienceRestriction></saml:Conditions>` +
    `<saml:AuthnStatement AuthnInstant="${at(say.authenticatedAt)}" SessionIndex="saml-session-1"><saml:AuthnContext><saml:AuthnContextClassRef>urn:oasis:names:tc:SAML:2.0:ac:classes:X509</saml:AuthnContextClassRef></saml:AuthnContext></saml:AuthnStatement>` +
    `<saml:AttributeStatement>${attributes}</saml:AttributeStatement></saml:Assertion>`
  );
}
