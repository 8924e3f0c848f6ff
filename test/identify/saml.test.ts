import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { GatewayError } from '../../src/errors.ts';
import { revocationMark } from '../../src/identify/revocation_marks.ts';
import { createSaml, type Saml } from '../../src/identify/saml.ts';
import type { SamlEntry } from '../../src/identify/saml_claims.ts';
import { readXml } from '../../src/identify/saml_xml.ts';
import { selfSignedCertificate } from '../outbound/certificate.ts';
import { type Assertion, createSamlIdp, type SamlIdp } from '../servers/saml_idp.ts';
import { T0 } from './fixture.ts';

const ACS = 'https://console.example/login/saml/acs';
const TOKEN = 'https://gateway.example/oauth/token';
const REQUEST = '_request-1';
const AUDIENCE = 'https://gateway.example/saml';

const now = T0 * 1000;
let idp: SamlIdp;
let saml: Saml;
let entry: SamlEntry;
const revoked = new Set<string>();

beforeAll(() => {
  idp = createSamlIdp(
    () => ({ audience: AUDIENCE, recipient: ACS, destination: ACS, inResponseTo: REQUEST }),
    () => now,
  );
  const directory = mkdtempSync(join(tmpdir(), 'saml-'));
  const certificate = join(directory, 'idp.pem');
  writeFileSync(certificate, idp.certificate);
  entry = {
    name: 'corp',
    tenant: 'acme',
    entity_id: idp.entityId,
    sso_url: 'https://saml.idp.example/sso',
    certificate,
    audience: AUDIENCE,
    map: { subject: 'NameID', person: 'mail', groups: 'groups', strength: 'AuthnContextClassRef' },
  };
  saml = samlOf(entry);
  return () => rmSync(directory, { recursive: true });
});

function samlOf(provider: SamlEntry): Saml {
  const used = new Set<string>();
  return createSaml({
    providers: [provider],
    usedIds: {
      take: async (kind, id) => {
        const fresh = !used.has(`${kind} ${id}`);
        used.add(`${kind} ${id}`);
        return fresh;
      },
    },
    revocations: { revoked: (marks) => marks.some((mark) => revoked.has(mark)) },
    clock: () => now,
  });
}

const base64 = (xml: string) => Buffer.from(xml).toString('base64');
const finish = (xml: string, id = REQUEST) => saml.finish('corp', base64(xml), { id, acsUrl: ACS });

/** `accepted`, or the code and the fault of the refusal. */
async function outcome(xml: string, id?: string): Promise<string> {
  return finish(xml, id).then(
    () => 'accepted',
    (error: unknown) => {
      if (!(error instanceof GatewayError)) throw error;
      return `${error.code} ${error.detail?.split(': ')[1] ?? ''}`;
    },
  );
}

describe('a SAML login', () => {
  it('gives the person that the signed assertion names', async () => {
    await expect(finish(idp.response({}))).resolves.toMatchObject({
      authenticatedAt: now,
      identity: {
        principal: {
          tenant: 'acme',
          issuer: idp.entityId,
          subject: 'ann',
          kind: 'human',
          person: 'ann@corp.example',
          owner: null,
          groups: ['approvers', 'staff'],
          function: null,
          actors: [],
          strength: 'urn:oasis:names:tc:SAML:2.0:ac:classes:X509',
        },
        token: { id: expect.stringMatching(/^_/), session: 'saml-session-1', issuedAt: T0, expiresAt: T0 + 300 },
      },
    });
    expect(await outcome(idp.response({}, { message: true }))).toBe('accepted');
    expect(await outcome(`<?xml version="1.0" encoding="UTF-8"?>\n${idp.response({})}`)).toBe('accepted');
  });

  it('reads entities in values as the characters they stand for', async () => {
    const attributes = { mail: ['a&amp;b@corp.example'] };
    const { identity } = await finish(idp.response({ nameId: 'x&lt;y&#x41;', attributes }));
    expect(identity.principal).toMatchObject({ subject: 'x<yA', person: 'a&b@corp.example' });
  });

  it('knows one human however providers spell the address', async () => {
    const { identity } = await finish(idp.response({ attributes: { mail: ['Ann@CORP.example'] } }));
    expect(identity.principal.person).toBe('ann@corp.example');
  });

  it('starts at the provider with a request that names our address, id and state', async () => {
    for (const forceAuthn of [false, true]) {
      const url = await saml.start('corp', { id: '_abc', acsUrl: ACS, relayState: 'state-1', forceAuthn });
      expect(new URL(url).origin).toBe('https://saml.idp.example');
      expect(new URL(url).searchParams.get('RelayState')).toBe('state-1');
      expect(await idp.readRequest(url, AUDIENCE, ACS)).toEqual({ id: '_abc', acsUrl: ACS, forceAuthn });
    }
    await expect(saml.start('other', { id: '_a', acsUrl: ACS, relayState: 's', forceAuthn: false })).rejects.toThrow(
      /no login/,
    );
  });

  it('refuses a subject that changes from login to login', async () => {
    const nameIdFormat = 'urn:oasis:names:tc:SAML:2.0:nameid-format:transient';
    expect(await outcome(idp.response({ nameIdFormat }))).toBe('TOKEN_INVALID subject transient');
  });

  it('knows nobody by an attribute with two values', async () => {
    const { identity } = await finish(idp.response({ attributes: { mail: ['a@corp.example', 'b@corp.example'] } }));
    expect(identity.principal.person).toBeNull();
  });

  it('refuses whoever is revoked', async () => {
    revoked.add(revocationMark('sub', idp.entityId, 'ann'));
    expect(await outcome(idp.response({}))).toBe('TOKEN_REVOKED revoked');
    revoked.clear();
  });
});

/** Splits a signed response into its parts, to be put together in every wrong way. */
function parts() {
  const xml = idp.response({});
  const [assertion = ''] = /<saml:Assertion[\s\S]*<\/saml:Assertion>/.exec(xml) ?? [];
  const [signature = ''] = /<ds:Signature[\s\S]*<\/ds:Signature>/.exec(assertion) ?? [];
  const unsigned = assertion.replace(signature, '');
  const evil = unsigned.replace(/ID="[^"]*"/, 'ID="_evil"').replace('>ann<', '>root<');
  const [head = ''] = /^[\s\S]*?(?=<saml:Assertion)/.exec(xml) ?? [];
  return { xml, head, assertion, signature, unsigned, evil };
}

/** The signature placed inside another element, right behind its issuer. */
const into = (element: string, content: string) => element.replace('</saml:Issuer>', `</saml:Issuer>${content}`);
const end = '</samlp:Response>';

/** The eight signature wrappings of Somorovsky et al., "On Breaking SAML" (USENIX Security 2012). */
const wrappings: readonly (readonly [string, () => string])[] = [
  [
    'XSW1: a new response around the signed one, in the signature',
    () => {
      const xml = idp.response({}, { message: true });
      const [signature = ''] = /<ds:Signature[\s\S]*?<\/ds:Signature>/.exec(xml) ?? [];
      const original = xml.replace(signature, '');
      const evil = original.replace(/ID="[^"]*"/, 'ID="_evil"').replace('>ann<', '>root<');
      return evil.replace(
        '</saml:Issuer>',
        `</saml:Issuer>${signature.replace('</ds:Signature>', `${original}</ds:Signature>`)}`,
      );
    },
  ],
  [
    'XSW2: the signed response beside its detached signature',
    () => {
      const xml = idp.response({}, { message: true });
      const [signature = ''] = /<ds:Signature[\s\S]*?<\/ds:Signature>/.exec(xml) ?? [];
      const original = xml.replace(signature, '');
      const evil = original.replace(/ID="[^"]*"/, 'ID="_evil"').replace('>ann<', '>root<');
      return evil.replace('</saml:Issuer>', `</saml:Issuer>${original}${signature}`);
    },
  ],
  ['XSW3: a forged assertion before the signed one', () => `${parts().head}${parts().evil}${parts().assertion}${end}`],
  [
    'XSW4: the signed assertion inside a forged one',
    () => {
      const { head, evil, assertion } = parts();
      return `${head}${into(evil, assertion)}${end}`;
    },
  ],
  [
    'XSW5: the signature in a forged assertion, the signed one behind',
    () => {
      const { head, evil, signature, unsigned } = parts();
      return `${head}${into(evil, signature)}${unsigned}${end}`;
    },
  ],
  [
    'XSW6: the signed assertion inside the signature of a forged one',
    () => {
      const { head, evil, signature, unsigned } = parts();
      return `${head}${into(evil, signature.replace('</ds:Signature>', `${unsigned}</ds:Signature>`))}${end}`;
    },
  ],
  [
    'XSW7: a forged assertion in extensions',
    () => {
      const { head, evil, assertion } = parts();
      return `${head.replace('<samlp:Status>', `<samlp:Extensions>${evil}</samlp:Extensions><samlp:Status>`)}${assertion}${end}`;
    },
  ],
  [
    'XSW8: the signed assertion in an object of the signature of a forged one',
    () => {
      const { head, evil, signature, unsigned } = parts();
      const object = `<ds:Object>${unsigned}</ds:Object>`;
      return `${head}${into(evil, signature.replace('</ds:Signature>', `${object}</ds:Signature>`))}${end}`;
    },
  ],
];

const inside = (xml: string, from: string | RegExp, to: string) => {
  const changed = xml.replace(from, to);
  if (changed === xml) throw new Error('the attack did not change anything');
  return changed;
};
const say = (assertion: Partial<Assertion>) => () => idp.response(assertion);

const hostile: readonly (readonly [string, () => string])[] = [
  ...wrappings,
  ['a comment in the NameID', () => inside(idp.response({ nameId: 'ann.evil' }), '>ann.evil<', '>ann<!---->.evil<')],
  ['a comment in an attribute', () => inside(idp.response({}), 'ann@corp', 'ann<!-- -->@corp')],
  ['a processing instruction', () => inside(idp.response({}), '>ann<', '><?x y?>ann<')],
  ['CDATA', () => inside(idp.response({}), '>ann<', '><![CDATA[root]]><')],
  ['a document type', () => `<!DOCTYPE r><${idp.response({}).slice(1)}`],
  [
    'an external entity',
    () => `<!DOCTYPE r [<!ENTITY x SYSTEM "file:///etc/passwd">]>${inside(idp.response({}), '>ann<', '>&x;<')}`,
  ],
  [
    'an entity bomb',
    () => {
      const levels = Array.from({ length: 9 }, (_, i) => `<!ENTITY l${i + 1} "${`&l${i};`.repeat(10)}">`).join('');
      return `<!DOCTYPE r [<!ENTITY l0 "lol">${levels}]>${inside(idp.response({}), '>ann<', '>&l9;<')}`;
    },
  ],
  ['an entity that nobody declared', () => inside(idp.response({}), '>ann<', '>&nobody;<')],
  ['two signed assertions', () => `${parts().head}${parts().assertion}${parts().assertion}${end}`],
  ['no signature', () => idp.response({}, { unsigned: true })],
  [
    'a signature on the response alone',
    () => {
      const xml = idp.response({}, { message: true });
      const all = [...xml.matchAll(/<ds:Signature[\s\S]*?<\/ds:Signature>/g)].map(([one]) => one);
      return xml.replace(all[1]!, '');
    },
  ],
  ['a signature by another key', () => idp.response({}, { key: selfSignedCertificate('rsa').key })],
  ['a changed subject', () => inside(idp.response({}), '>ann<', '>root<')],
  ['a changed attribute', () => inside(idp.response({}), '>approvers<', '>admins<')],
  [
    'a broken signature on the response, a good one on the assertion',
    () => inside(idp.response({}, { message: true }), 'StatusCode Value', 'StatusCode  Value2="" Value'),
  ],
  ['SHA-1', () => idp.response({}, { algorithm: 'http://www.w3.org/2000/09/xmldsig#rsa-sha1' })],
  [
    'an HMAC keyed with the public certificate',
    () => inside(idp.response({}), /xmldsig-more#rsa-sha256/, 'xmldsig-more#hmac-sha256'),
  ],
  [
    'a transform that leaves parts out',
    () =>
      inside(
        idp.response({}),
        /<ds:Transform [^>]*exc-c14n#"\/>/,
        '<ds:Transform Algorithm="http://www.w3.org/TR/1999/REC-xpath-19991116"/>',
      ),
  ],
  [
    'canonicalisation with comments',
    () => inside(idp.response({}), /<ds:Transform ([^>]*)exc-c14n#"/, '<ds:Transform $1exc-c14n#WithComments"'),
  ],
  ['a reference to the whole document', () => inside(idp.response({}), /Reference URI="[^"]*"/, 'Reference URI=""')],
  [
    'an encrypted assertion',
    () =>
      `${parts().head}<saml:EncryptedAssertion xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion"/>${parts().assertion}${end}`,
  ],
  ['another recipient', say({ recipient: 'https://other.example/acs' })],
  ['our token endpoint as recipient', say({ recipient: TOKEN })],
  ['another audience', say({ audience: 'https://other.example' })],
  ['another destination', say({ destination: 'https://other.example/acs' })],
  ['another issuer', say({ issuer: 'https://evil.example' })],
  ['an answer to another request', say({ inResponseTo: '_request-2' })],
  ['an answer to no request', say({ inResponseTo: null })],
  ['a failed status', say({ status: 'urn:oasis:names:tc:SAML:2.0:status:Requester' })],
  ['an expired assertion', say({ notOnOrAfter: T0 * 1000 - 31_000 })],
  ['an assertion of the future', say({ issuedAt: T0 * 1000 + 90_000 })],
  ['an old assertion with a far end', say({ issuedAt: T0 * 1000 - 700_000, notOnOrAfter: T0 * 1000 + 9e9 })],
  ['an empty subject', say({ nameId: '' })],
  ['a time that is none', () => inside(idp.response({}), /IssueInstant="[^"]*"/g, 'IssueInstant="soon"')],
  ['broken UTF-8 or another form', () => '\u0000'],
  ['nothing', () => ' '],
];

describe('the SAML corpus', () => {
  it.each(hostile)('refuses %s', async (_name, make) => {
    expect(await outcome(make())).toMatch(/^TOKEN_(INVALID|EXPIRED) /);
  });

  it('refuses an id twice', async () => {
    expect(await outcome(idp.response({ responseId: '_same', id: '_same' }))).toMatch(/^TOKEN_INVALID saml id/);
  });

  it('takes an assertion once', async () => {
    const xml = idp.response({});
    expect(await outcome(xml)).toBe('accepted');
    expect(await outcome(xml)).toBe('TOKEN_INVALID replayed');
  });

  it('answers within its request alone', async () => {
    expect(await outcome(idp.response({}), '_another')).toBe('TOKEN_INVALID request');
  });

  it('reads claims from what the signature covers, not from the document', async () => {
    const xml = inside(
      idp.response({}),
      '</samlp:Response>',
      '<x:NameID xmlns:x="urn:x">root</x:NameID></samlp:Response>',
    );
    expect((await finish(xml)).identity.principal.subject).toBe('ann');
  });
});

describe('a SAML assertion for a token', () => {
  const grant = (xml: string) => saml.assertion(Buffer.from(xml).toString('base64url'), TOKEN);
  const say = { recipient: TOKEN, inResponseTo: null };

  it('is taken once, made for the token endpoint', async () => {
    const xml = idp.assertion(say);
    await expect(grant(xml)).resolves.toMatchObject({ identity: { principal: { subject: 'ann', tenant: 'acme' } } });
    await expect(grant(xml)).rejects.toMatchObject({ code: 'TOKEN_INVALID', detail: 'token refused: replayed' });
  });

  it('is refused where it was made for a login, changed, wrapped or of another provider', async () => {
    const faulty = [
      idp.assertion({}),
      idp.assertion({ ...say, recipient: ACS }),
      idp.assertion({ ...say, audience: 'x' }),
      idp.assertion({ ...say, issuer: 'https://evil.example' }),
      idp.assertion(say).replace('>ann<', '>root<'),
      idp.response(say),
      `${idp.assertion(say)}${idp.assertion(say)}`,
      `</samlp:Response><samlp:Response>${idp.assertion(say)}`,
    ];
    for (const xml of faulty) await expect(grant(xml)).rejects.toMatchObject({ code: 'TOKEN_INVALID' });
  });
});

describe('the XML reader', () => {
  it.each([
    '<a',
    '<a></b>',
    '<a/><b/>',
    '<a/>x',
    'x<a/>',
    '<p:a/>',
    '<a b="1" b="2"/>',
    '<a b="<"/>',
    '<a b=1/>',
    '<a>&#0;</a>',
    '<a>&#xD800;</a>',
    '<a>&#1114112;</a>',
    '<a>&amp</a>',
    '<a>\u0001</a>',
    '<!--x--><a/>',
    '<a></a b="1">',
    '</a>',
    '',
    `${'<a>'.repeat(40)}${'</a>'.repeat(40)}`,
    `<a>${'<b/>'.repeat(3000)}</a>`,
    ' '.repeat(300_000),
  ])('refuses %s', (xml) => {
    expect(() => readXml(xml)).toThrow(GatewayError);
  });

  it('tells names apart by namespace', () => {
    const element = readXml('<a xmlns="urn:1" xmlns:p="urn:2"><p:b c="d"/><b xmlns=""/></a>');
    expect(element.namespace).toBe('urn:1');
    expect(element.children.map((child) => [child.local, child.namespace])).toEqual([
      ['b', 'urn:2'],
      ['b', ''],
    ]);
  });
});
