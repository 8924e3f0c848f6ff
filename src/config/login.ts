import { z } from 'zod';
import type { Context } from './context.ts';
import { always, certificate, fault, label, publicFile, seconds, serviceUrl } from './fields.ts';
import { secretFrom } from './secret.ts';

/** Login to the console by OpenID Connect, at one issuer. */
export const oidcLogin = (context: Context) =>
  z
    .strictObject({
      client_id: z.string().min(1).describe('Client id of the console at this issuer.'),
      client_secret: secretFrom(context).optional().describe('Client secret; absent: a public client, with PKCE.'),
      client_auth: z
        .enum(['client_secret_basic', 'client_secret_post'])
        .default('client_secret_basic')
        .describe('How the client secret is sent.'),
      scopes: z
        .array(z.string().regex(/^[!#-[\]-~]+$/, { message: 'not a scope' }))
        .default(['openid', 'email', 'profile'])
        .describe('Scopes asked for; `openid` is always among them.'),
    })
    .describe('Login to the console by OpenID Connect; the redirect URI is console.url and /login/callback.');

const attribute = z.string().min(1);

const samlMap = z
  .strictObject({
    subject: attribute.default('NameID').describe('Unique for its provider and lasting: an attribute, or `NameID`.'),
    person: attribute.describe('The same for one human at every issuer: an attribute, or `NameID`.'),
    groups: attribute.optional().describe('Attribute with the groups, one value each.'),
    function: attribute.optional().describe('Attribute that names the program that asks.'),
    strength: attribute
      .default('AuthnContextClassRef')
      .describe('Attribute that says how the login was made, or `AuthnContextClassRef`.'),
  })
  .describe('Which attribute (by its `Name`) becomes which part of the principal.');

const samlProvider = (context: Context) =>
  z
    .strictObject({
      name: label.describe('Short name on the login page, in logs and metrics.'),
      tenant: label.describe('Tenant that its principals belong to.'),
      entity_id: z.string().min(1).describe('Entity id of the identity provider, compared exactly.'),
      sso_url: serviceUrl.describe('Its single sign-on address for the HTTP-Redirect binding.'),
      certificate: publicFile(context, certificate).describe(
        'PEM file with the certificate that signs its assertions.',
      ),
      audience: z.string().min(1).describe('Entity id of this gateway at the provider: the audience of assertions.'),
      map: samlMap,
    })
    .describe('A SAML 2.0 identity provider for humans.');

/** SAML identity providers. */
export const samlProviders = (context: Context) =>
  z
    .array(samlProvider(context))
    .default([])
    .describe(
      'SAML identity providers: console login (console.url and /login/saml/acs), assertions for tokens (RFC 7522).',
    );

/** The gateway's own tokens, and logins of command lines. */
export const gatewayTokens = z
  .strictObject({
    issuer: serviceUrl.optional().describe('Public URL of the data port, the `iss` of tokens; absent: listen.data.'),
    lifetime_s: seconds.max(900).default(900).describe('Life of a token in seconds, 15 minutes at most.'),
    login_s: seconds.max(86_400).default(28_800).describe('Life of a `sallyport login` in seconds, a day at most.'),
  })
  .describe('Short tokens that the gateway gives for a token or an assertion of an identity provider.');

/** The console. */
export const consoleSettings = z
  .strictObject({
    url: serviceUrl
      .superRefine((text, context) => {
        if (URL.parse(text)?.pathname !== '/') {
          fault(context, 'the URL has a path', 'Give the console a host name of its own: cookies are per host.');
        }
      }, always)
      .optional()
      .describe('Public URL of the admin port, where browsers find it; absent: listen.admin.'),
  })
  .describe('The console on the admin port.');
