import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import type { ConfigInput } from '../../src/config/index.ts';
import { freePort } from '../servers/free_port.ts';
import { createOidcOp } from '../servers/oidc_op.ts';
import { createSamlIdp, type SamlIdp } from '../servers/saml_idp.ts';

/** The identity providers of a company: OpenID and SAML for people, and an issuer of tokens for its programs. */
export interface Providers {
  /** `listen` and `identity` of a gateway whose console they log in to. */
  readonly config: Partial<ConfigInput>;
  /** A token of a program that somebody owns. */
  workload(owner: string): Promise<string>;
  close(): void;
}

const TENANT = 'acme';
const AUDIENCE = 'https://gateway.example/saml';
const WORKLOADS = 'https://workloads.corp.example';

/**
 * Starts them as sites of their own (`localhost`, where the console is at `127.0.0.1`), so that a browser takes their
 * posts for cross-site ones. Whoever types a name there is that person, an approver with that name at corp.example.
 */
export async function startProviders(): Promise<Providers> {
  const directory = mkdtempSync(join(tmpdir(), 'providers-'));
  const closers: (() => unknown)[] = [() => rmSync(directory, { recursive: true })];
  // Both providers have to know the console's address before it listens.
  const console = `127.0.0.1:${await freePort()}`;

  let answer: RequestListener = (_request, response) => void response.writeHead(503).end();
  const oidc = await listen((request, response) => answer(request, response), closers);
  const client = { clientId: 'console', clientSecret: 'a-secret-of-this-test-only' };
  const op = await createOidcOp({ issuer: oidc, redirectUri: `http://${console}/login/callback`, ...client });
  answer = op.listener;

  const idp = createSamlIdp(() => ({ audience: AUDIENCE }));
  const acsUrl = `http://${console}/login/saml/acs`;
  const saml = await listen((request, response) => void samlSite(idp, acsUrl, request, response), closers);
  const certificate = join(directory, 'saml.pem');
  writeFileSync(certificate, idp.certificate);

  const { privateKey, publicKey } = await generateKeyPair('ES256');
  const jwks = join(directory, 'workloads.json');
  writeFileSync(jwks, JSON.stringify({ keys: [{ ...(await exportJWK(publicKey)), kid: 'w1', alg: 'ES256' }] }));

  return {
    config: {
      listen: { data: '127.0.0.1:0', admin: console },
      identity: {
        development: false,
        issuers: [
          {
            name: 'corp',
            tenant: TENANT,
            issuer: oidc,
            kind: 'human',
            audience: 'sallyport',
            algorithms: ['ES256'],
            jwks: { discovery: true },
            map: { subject: 'sub', person: 'email', groups: 'groups' },
            login: {
              client_id: client.clientId,
              client_secret: { file: secretFile(directory, client.clientSecret) },
              scopes: ['openid', 'email', 'groups'],
            },
          },
          {
            name: 'workloads',
            tenant: TENANT,
            issuer: WORKLOADS,
            kind: 'workload',
            audience: 'sallyport',
            algorithms: ['ES256'],
            jwks: { file: jwks },
            map: { subject: 'sub', owner: 'owner', groups: 'groups', function: 'function' },
          },
        ],
        saml: [
          {
            name: 'saml-corp',
            tenant: TENANT,
            entity_id: idp.entityId,
            sso_url: `${saml}/sso`,
            certificate,
            audience: AUDIENCE,
            map: { subject: 'NameID', person: 'mail', groups: 'groups' },
          },
        ],
      },
    },
    workload: (owner) =>
      new SignJWT({ owner, groups: ['agents'], function: 'nightly-release' })
        .setProtectedHeader({ alg: 'ES256', kid: 'w1' })
        .setIssuer(WORKLOADS)
        .setAudience('sallyport')
        .setSubject('nightly-release@ci.corp.example')
        .setIssuedAt()
        .setExpirationTime('10m')
        .sign(privateKey),
    close() {
      for (const close of closers.splice(0).reverse()) close();
    },
  };
}

/** The SAML provider as a site: a form for the name, then a page that posts the response by script. */
async function samlSite(
  idp: SamlIdp,
  acsUrl: string,
  { url = '/' }: { readonly url?: string | undefined },
  response: Parameters<RequestListener>[1],
): Promise<void> {
  const { searchParams } = new URL(url, 'http://saml');
  const hidden = [...searchParams].map(([name, value]) => `<input type="hidden" name="${name}" value="${value}">`);
  const name = searchParams.get('login');
  response.setHeader('content-type', 'text/html; charset=utf-8');
  if (name === null) {
    response.end(
      `<form action="/sso">${hidden.join('')}<input name="login"><button type="submit">Sign in</button></form>`,
    );
    return;
  }
  const asked = await idp.readRequest(`http://saml${url}`, AUDIENCE, acsUrl);
  const xml = idp.response({
    inResponseTo: asked.id,
    recipient: asked.acsUrl,
    destination: asked.acsUrl,
    nameId: name,
    attributes: { mail: [`${name}@corp.example`], groups: ['approvers'] },
  });
  const fields = {
    SAMLResponse: Buffer.from(xml).toString('base64'),
    RelayState: searchParams.get('RelayState') ?? '',
  };
  const inputs = Object.entries(fields).map(([key, value]) => `<input type="hidden" name="${key}" value="${value}">`);
  response.end(
    `<form method="post" action="${asked.acsUrl}">${inputs.join('')}</form><script>document.forms[0].submit()</script>`,
  );
}

async function listen(listener: RequestListener, closers: (() => unknown)[]): Promise<string> {
  const server = createServer(listener);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  closers.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://localhost:${(server.address() as AddressInfo).port}`;
}

function secretFile(directory: string, secret: string): string {
  const path = join(directory, 'client_secret');
  writeFileSync(path, secret, { mode: 0o600 });
  return path;
}
