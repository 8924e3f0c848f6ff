import { refusal } from './refusal.ts';
import { childOf, childrenOf, elementsOf, readXml, type XmlElement } from './saml_xml.ts';

/** Namespaces of an assertion, of the protocol around it, and of its signature. */
export const SAML = 'urn:oasis:names:tc:SAML:2.0:assertion';
export const SAMLP = 'urn:oasis:names:tc:SAML:2.0:protocol';
export const DSIG = 'http://www.w3.org/2000/09/xmldsig#';
const EXCLUSIVE = 'http://www.w3.org/2001/10/xml-exc-c14n#';
const ENVELOPED = `${DSIG}enveloped-signature`;

/** No SHA-1, no MAC: a shared secret would let a verifier sign. */
const signatureMethods: readonly string[] = [
  'http://www.w3.org/2001/04/xmldsig-more#rsa-sha256',
  'http://www.w3.org/2001/04/xmldsig-more#rsa-sha512',
];
const digestMethods: readonly string[] = [
  'http://www.w3.org/2001/04/xmlenc#sha256',
  'http://www.w3.org/2001/04/xmlenc#sha512',
];

/**
 * Checks the shape of a SAML response before any signature is looked at, so that every way of wrapping one has no
 * place to stand: one assertion in the whole document, directly in the response; signatures only directly in what they
 * sign, each with one reference, to its own parent; no id twice; nothing encrypted. Throws `GatewayError`
 * TOKEN_INVALID.
 */
export function readResponse(xml: string): XmlElement {
  const response = readXml(xml);
  if (response.local !== 'Response' || response.namespace !== SAMLP) throw refusal('TOKEN_INVALID', 'xml');
  const assertion = childOf(response, SAML, 'Assertion');
  checkAssertionAlone(response, assertion);
  checkSignatures(response, [response, assertion]);
  if (childrenOf(assertion, DSIG, 'Signature').length !== 1) throw refusal('TOKEN_INVALID', 'signature');
  return response;
}

/** The same for an assertion that comes alone (RFC 7522). */
export function readAssertion(xml: string): XmlElement {
  const assertion = readXml(xml);
  if (assertion.local !== 'Assertion' || assertion.namespace !== SAML) throw refusal('TOKEN_INVALID', 'xml');
  checkAssertionAlone(assertion, assertion);
  checkSignatures(assertion, [assertion]);
  if (childrenOf(assertion, DSIG, 'Signature').length !== 1) throw refusal('TOKEN_INVALID', 'signature');
  return assertion;
}

function checkAssertionAlone(root: XmlElement, assertion: XmlElement): void {
  const ids = new Set<string>();
  for (const element of elementsOf(root)) {
    // By local name, whatever the namespace: the next parser may be laxer about namespaces.
    const named = element.local.toLowerCase();
    if (named === 'assertion' && element !== assertion) throw refusal('TOKEN_INVALID', 'saml', 'assertions');
    if (named === 'response' && element !== root) throw refusal('TOKEN_INVALID', 'saml', 'responses');
    if (named.startsWith('encrypted')) throw refusal('TOKEN_INVALID', 'saml', 'encrypted');
    for (const [name, value] of element.attributes) {
      if (!/^(.*:)?id$/i.test(name)) continue;
      if (ids.has(value) || !/^[A-Za-z_][\w.-]{0,255}$/.test(value)) throw refusal('TOKEN_INVALID', 'saml', 'id');
      ids.add(value);
    }
  }
}

function checkSignatures(root: XmlElement, signed: readonly XmlElement[]): void {
  const inPlace = new Map(
    signed.flatMap((parent) => childrenOf(parent, DSIG, 'Signature').map((signature) => [signature, parent] as const)),
  );
  for (const element of elementsOf(root)) {
    if (element.local.toLowerCase() !== 'signature') continue;
    const parent = inPlace.get(element);
    if (!parent) throw refusal('TOKEN_INVALID', 'signature', 'place');
    checkSignature(element, parent.attributes.get('ID') ?? '');
  }
}

function checkSignature(signature: XmlElement, id: string): void {
  const algorithm = (element: XmlElement) => element.attributes.get('Algorithm') ?? '';
  const fail = (word: string) => refusal('TOKEN_INVALID', 'signature', word);
  if (id === '' || childrenOf(signature, DSIG, 'Object').length > 0) throw fail('object');
  const info = childOf(signature, DSIG, 'SignedInfo');
  if (algorithm(childOf(info, DSIG, 'CanonicalizationMethod')) !== EXCLUSIVE) throw fail('canonicalization');
  if (!signatureMethods.includes(algorithm(childOf(info, DSIG, 'SignatureMethod')))) throw fail('method');
  const reference = childOf(info, DSIG, 'Reference');
  if (reference.attributes.get('URI') !== `#${id}`) throw fail('reference');
  if (!digestMethods.includes(algorithm(childOf(reference, DSIG, 'DigestMethod')))) throw fail('digest');
  const transforms = childOf(reference, DSIG, 'Transforms').children;
  const [first, second, third] = transforms.map(algorithm);
  if (first !== ENVELOPED || second !== EXCLUSIVE || third !== undefined) throw fail('transforms');
}
