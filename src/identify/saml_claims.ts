import type { Config } from '../config/index.ts';
import type { LoggedIn } from '../model/login.ts';
import type { Principal } from '../model/principal.ts';
import { SKEW_S } from './claims.ts';
import { humanNamed, isText, subjectOf } from './mapping.ts';
import { refusal } from './refusal.ts';
import { SAML } from './saml_shape.ts';
import { childOf, childrenOf, plainText, type XmlElement } from './saml_xml.ts';

/** Oldest accepted `IssueInstant` of an assertion, in milliseconds: it is made for one use, at once. */
export const MAX_ASSERTION_AGE_MS = 600_000;

const SKEW_MS = SKEW_S * 1000;
const BEARER = 'urn:oasis:names:tc:SAML:2.0:cm:bearer';
const TRANSIENT = 'urn:oasis:names:tc:SAML:2.0:nameid-format:transient';
const knownConditions: readonly string[] = ['AudienceRestriction', 'OneTimeUse', 'ProxyRestriction'];

/** One entry of `identity.saml`. */
export type SamlEntry = Config['identity']['saml'][number];

/** What an assertion must be for. */
export interface SamlPurpose {
  /** Exact `Recipient`: our assertion consumer service, or our token endpoint. */
  readonly recipient: string;
  /** The request it answers; null where there was none, and then it must name none. */
  readonly inResponseTo: string | null;
}

/**
 * The person that a signed assertion vouches for; `assertion` was read from the bytes that the signature covers. All
 * times are judged at `nowMs` (epoch milliseconds) with `SKEW_S` of tolerance (SAML 2.0 core sections 2.4 and 2.5,
 * profiles section 4.1.4, RFC 7522 section 3). Throws `GatewayError` TOKEN_INVALID or TOKEN_EXPIRED.
 */
export function readPerson(assertion: XmlElement, entry: SamlEntry, purpose: SamlPurpose, nowMs: number): LoggedIn {
  if (plainText(childOf(assertion, SAML, 'Issuer')) !== entry.entity_id) throw refusal('TOKEN_INVALID', 'issuer');
  const issuedAt = instant(assertion, 'IssueInstant');
  if (issuedAt > nowMs + SKEW_MS) throw refusal('TOKEN_INVALID', 'iat');
  if (issuedAt <= nowMs - MAX_ASSERTION_AGE_MS - SKEW_MS) throw refusal('TOKEN_EXPIRED', 'age');
  const conditions = childOf(assertion, SAML, 'Conditions');
  const endsAt = checkConditions(conditions, entry.audience, nowMs);
  const subject = childOf(assertion, SAML, 'Subject');
  if (!childrenOf(subject, SAML, 'SubjectConfirmation').some((found) => confirms(found, purpose, nowMs))) {
    throw refusal('TOKEN_INVALID', 'recipient');
  }
  const [statement] = childrenOf(assertion, SAML, 'AuthnStatement');
  if (!statement) throw refusal('TOKEN_INVALID', 'saml', 'no_login');
  const sessionEnds = statement.attributes.get('SessionNotOnOrAfter');
  if (sessionEnds !== undefined && time(sessionEnds) <= nowMs - SKEW_MS) throw refusal('TOKEN_EXPIRED', 'exp');
  return {
    identity: {
      principal: principalOf(assertion, subject, statement, entry),
      token: {
        id: assertion.attributes.get('ID') ?? null,
        session: statement.attributes.get('SessionIndex') ?? null,
        issuedAt: Math.floor(issuedAt / 1000),
        expiresAt: Math.floor(endsAt / 1000),
      },
    },
    authenticatedAt: Math.min(instant(statement, 'AuthnInstant'), nowMs),
  };
}

function checkConditions(conditions: XmlElement, audience: string, nowMs: number): number {
  // Core section 2.5.1.1: with a condition that is not understood, the assertion's validity is not known.
  for (const condition of conditions.children) {
    if (condition.namespace !== SAML || !knownConditions.includes(condition.local)) {
      throw refusal('TOKEN_INVALID', 'saml', 'condition');
    }
  }
  const endsAt = instant(conditions, 'NotOnOrAfter');
  if (endsAt <= nowMs - SKEW_MS) throw refusal('TOKEN_EXPIRED', 'exp');
  const notBefore = conditions.attributes.get('NotBefore');
  if (notBefore !== undefined && time(notBefore) > nowMs + SKEW_MS) throw refusal('TOKEN_INVALID', 'nbf');
  const restrictions = childrenOf(conditions, SAML, 'AudienceRestriction');
  const meets = (restriction: XmlElement) =>
    childrenOf(restriction, SAML, 'Audience').some((stated) => plainText(stated) === audience);
  if (restrictions.length === 0 || !restrictions.every(meets)) throw refusal('TOKEN_INVALID', 'audience');
  return endsAt;
}

function confirms(confirmation: XmlElement, { recipient, inResponseTo }: SamlPurpose, nowMs: number): boolean {
  if (confirmation.attributes.get('Method') !== BEARER) return false;
  const [stated, more] = childrenOf(confirmation, SAML, 'SubjectConfirmationData');
  if (!stated || more) return false;
  const { attributes } = stated;
  return (
    attributes.get('Recipient') === recipient &&
    (attributes.get('InResponseTo') ?? null) === inResponseTo &&
    !attributes.has('NotBefore') &&
    time(attributes.get('NotOnOrAfter') ?? '') > nowMs - SKEW_MS
  );
}

function principalOf(assertion: XmlElement, subject: XmlElement, statement: XmlElement, entry: SamlEntry): Principal {
  const nameId = childOf(subject, SAML, 'NameID');
  const attributes = attributesOf(assertion);
  const valuesOf = (name: string): readonly string[] => {
    if (name === 'NameID') return [plainText(nameId)];
    if (name === 'AuthnContextClassRef') {
      const [context] = childrenOf(statement, SAML, 'AuthnContext');
      return context ? childrenOf(context, SAML, 'AuthnContextClassRef').map(plainText) : [];
    }
    return attributes.get(name) ?? [];
  };
  const one = (name: string | undefined): string | null => {
    const [value, more] = name === undefined ? [] : valuesOf(name);
    return isText(value) && more === undefined ? value : null;
  };
  const { map } = entry;
  const person = one(map.person);
  if (map.subject === 'NameID' && nameId.attributes.get('Format') === TRANSIENT) {
    throw refusal('TOKEN_INVALID', 'subject', 'transient');
  }
  return {
    tenant: entry.tenant,
    issuer: entry.entity_id,
    subject: subjectOf(one(map.subject) ?? undefined, 'subject'),
    kind: 'human',
    person: person === null ? null : humanNamed(person),
    owner: null,
    groups: map.groups === undefined ? [] : valuesOf(map.groups).filter(isText),
    function: one(map.function),
    actors: [],
    strength: one(map.strength),
  };
}

function attributesOf(assertion: XmlElement): ReadonlyMap<string, readonly string[]> {
  const found = new Map<string, string[]>();
  for (const statement of childrenOf(assertion, SAML, 'AttributeStatement')) {
    for (const attribute of childrenOf(statement, SAML, 'Attribute')) {
      const name = attribute.attributes.get('Name') ?? '';
      const values = found.get(name) ?? [];
      found.set(name, values);
      values.push(...childrenOf(attribute, SAML, 'AttributeValue').map(plainText));
    }
  }
  return found;
}

function instant(element: XmlElement, name: string): number {
  return time(element.attributes.get(name) ?? '');
}

/** Core section 1.3.3: times are UTC. Epoch milliseconds. */
function time(text: string): number {
  const ms = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(ms)) throw refusal('TOKEN_INVALID', 'saml', 'time');
  return ms;
}
