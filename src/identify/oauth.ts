import { type GatewayError, toGatewayError } from '../errors.ts';
import type { AuditEvent } from '../model/event.ts';
import type { Principal } from '../model/principal.ts';
import type { WebRequest, WebResponse, WebRoute } from '../model/web.ts';
import type { DeviceGrant, DeviceRefusal, Devices } from './devices.ts';
import { exchanged } from './exchange.ts';
import type { GatewayTokens, IssuedToken } from './gateway_tokens.ts';
import type { Identify } from './identify.ts';
import { answer, form, type OauthError, refused } from './oauth_form.ts';
import { createRate, type Rate } from './rate.ts';
import type { Saml } from './saml.ts';

export interface OauthOptions {
  readonly identify: Identify;
  readonly tokens: GatewayTokens;
  readonly saml: Saml;
  readonly devices: Devices;
  /** Public URL of the console, where devices are approved. */
  readonly consoleUrl: () => string;
  /** Takes `identity.token_issued`. */
  readonly onEvent: (event: AuditEvent) => Promise<void> | void;
  /** Epoch milliseconds. */
  readonly clock?: () => number;
  /** Per address. Default 100 at once, 20 a second. */
  readonly rate?: Rate;
}

const MAX_FORM = 524_288;
const JWT = 'urn:ietf:params:oauth:token-type:jwt';
const ACCESS_TOKEN = 'urn:ietf:params:oauth:token-type:access_token';
const ID_TOKEN = 'urn:ietf:params:oauth:token-type:id_token';
const EXCHANGE = 'urn:ietf:params:oauth:grant-type:token-exchange';
const SAML_BEARER = 'urn:ietf:params:oauth:grant-type:saml2-bearer';
const DEVICE = 'urn:ietf:params:oauth:grant-type:device_code';
const clientForm = /^[A-Za-z0-9][A-Za-z0-9 ._@-]{0,63}$/;

/**
 * The routes of the data port that give gateway tokens and never forward anything: `POST /oauth/token` (RFC 8693, RFC
 * 7522, RFC 8628 and renewal), `POST /oauth/device_authorization`, `POST /oauth/revoke` (RFC 7009, for logins), the
 * public keys and the metadata (RFC 8414).
 */
export function oauthRoutes(options: OauthOptions): readonly WebRoute[] {
  const { tokens } = options;
  const admitted = createRate(options.rate ?? { burst: 100, perSecond: 20 });
  const admit = ({ remote }: { readonly remote: string }): WebResponse | null =>
    admitted(remote) ? null : refused(429, 'temporarily_unavailable', 'Too many requests.', [['retry-after', '1']]);
  const document = (make: () => object): WebRoute['handler'] => {
    return () => answer(200, make(), [['cache-control', 'public, max-age=300']]);
  };
  return [
    { method: 'POST', path: '/oauth/token', maxBytes: MAX_FORM, admit, handler: (asked) => token(asked, options) },
    {
      method: 'POST',
      path: '/oauth/device_authorization',
      maxBytes: 4096,
      admit,
      handler: (asked) => startDevice(asked, options),
    },
    { method: 'POST', path: '/oauth/revoke', maxBytes: 4096, admit, handler: (asked) => revoke(asked, options) },
    {
      method: 'GET',
      path: '/.well-known/jwks.json',
      maxBytes: 0,
      admit,
      handler: document(() => ({ keys: tokens.keys })),
    },
    {
      method: 'GET',
      path: '/.well-known/oauth-authorization-server',
      maxBytes: 0,
      admit,
      handler: document(() => metadata(tokens.issuer)),
    },
  ];
}

function metadata(issuer: string): object {
  return {
    issuer,
    token_endpoint: `${issuer}/oauth/token`,
    device_authorization_endpoint: `${issuer}/oauth/device_authorization`,
    revocation_endpoint: `${issuer}/oauth/revoke`,
    jwks_uri: `${issuer}/.well-known/jwks.json`,
    grant_types_supported: [EXCHANGE, SAML_BEARER, DEVICE, 'refresh_token'],
    token_endpoint_auth_methods_supported: ['none'],
    response_types_supported: [],
  };
}

async function token(asked: WebRequest, options: OauthOptions): Promise<WebResponse> {
  const fields = form(asked);
  if ('fault' in fields) return fields.fault;
  const get = (name: string) => fields.values.get(name) ?? null;
  try {
    switch (get('grant_type')) {
      case EXCHANGE:
        return await exchange(get, options);
      case SAML_BEARER:
        return await samlBearer(get, options);
      case DEVICE:
        return await device(await options.devices.poll(get('device_code') ?? ''), 'device_code', options);
      case 'refresh_token':
        return await device(await options.devices.renew(get('refresh_token') ?? ''), 'refresh_token', options);
      default:
        return refused(400, 'unsupported_grant_type', 'This endpoint does not give tokens for that grant_type.');
    }
  } catch (thrown) {
    return notProven(toGatewayError(thrown), get('grant_type') === SAML_BEARER ? 'invalid_grant' : 'invalid_request');
  }
}

type Get = (name: string) => string | null;

/** RFC 8693 section 2. */
async function exchange(get: Get, options: OauthOptions): Promise<WebResponse> {
  const { identify, tokens } = options;
  const clock = options.clock ?? Date.now;
  const wanted = get('requested_token_type') ?? ACCESS_TOKEN;
  if (wanted !== ACCESS_TOKEN && wanted !== JWT) return refused(400, 'invalid_request', 'requested_token_type');
  const target = get('audience') ?? get('resource') ?? tokens.issuer;
  // Among others it is never the admin audience: no exchange gives a token for verdicts.
  if (target !== tokens.issuer) return refused(400, 'invalid_target', `Tokens are for ${tokens.issuer} only.`);
  const subjectToken = get('subject_token');
  if (!subjectToken || ![JWT, ACCESS_TOKEN, ID_TOKEN].includes(get('subject_token_type') ?? '')) {
    return refused(400, 'invalid_request', 'subject_token and subject_token_type are needed.');
  }
  const actorToken = get('actor_token');
  if ((actorToken === null) !== (get('actor_token_type') === null)) {
    return refused(400, 'invalid_request', 'actor_token comes with actor_token_type.');
  }
  const subject = await identify.token(subjectToken);
  const actor = actorToken === null ? null : await identify.token(actorToken);
  const outcome = exchanged(subject, actor);
  if ('fault' in outcome) return refused(400, 'invalid_request', `Refused: ${outcome.fault}.`);
  const { id, session } = subject.identity.token;
  const lifetimeSeconds = Math.floor(outcome.expiresAt - clock() / 1000);
  if (lifetimeSeconds < 1) return refused(400, 'invalid_request', 'The token has expired.');
  const { principal, parents } = outcome;
  const issued = await tokens.mint({ principal, session, parents, lifetimeSeconds });
  return granted({ grant: 'token_exchange', issued, principal, parent: id, session }, options);
}

/** RFC 7522 section 2.1. */
async function samlBearer(get: Get, options: OauthOptions): Promise<WebResponse> {
  const { tokens } = options;
  const { identity } = await options.saml.assertion(get('assertion') ?? '', `${tokens.issuer}/oauth/token`);
  const { principal } = identity;
  const { id: parent, session } = identity.token;
  const issued = await tokens.mint({ principal, session, parents: parent === null ? [] : [parent] });
  return granted({ grant: 'saml2_bearer', issued, principal, parent, session }, options);
}

async function device(
  outcome: DeviceGrant | DeviceRefusal,
  grant: string,
  options: OauthOptions,
): Promise<WebResponse> {
  if (typeof outcome === 'string') return refused(400, outcome, '');
  const { issued, person, secret, loginExpiresIn, session } = outcome;
  return granted({ grant, issued, principal: person.identity.principal, parent: null, session }, options, {
    ...(secret === null ? {} : { refresh_token: secret }),
    login_expires_in: loginExpiresIn,
  });
}

async function granted(
  what: {
    readonly grant: string;
    readonly issued: IssuedToken;
    readonly principal: Principal;
    readonly parent: string | null;
    readonly session: string | null;
  },
  options: OauthOptions,
  more: object = {},
): Promise<WebResponse> {
  const { grant, issued, principal, parent, session } = what;
  const { tenant, issuer, subject, actors } = principal;
  await options.onEvent({
    kind: 'identity.token_issued',
    exchange: null,
    body: { actors, grant, id: issued.id, issuer, parent, session, subject, tenant, v: 1 },
  });
  return answer(200, {
    access_token: issued.token,
    issued_token_type: ACCESS_TOKEN,
    token_type: 'Bearer',
    expires_in: issued.expiresIn,
    ...more,
  });
}

/** RFC 8628 section 3.1 and 3.2. */
async function startDevice(asked: WebRequest, options: OauthOptions): Promise<WebResponse> {
  const fields = form(asked);
  if ('fault' in fields) return fields.fault;
  const client = fields.values.get('client_id') ?? '';
  if (!clientForm.test(client)) return refused(400, 'invalid_client', 'client_id names the program, such as laptop.');
  const started = await options.devices.start(client, asked.remote);
  if (!started) return refused(503, 'temporarily_unavailable', 'Too many logins are waiting.');
  const uri = `${options.consoleUrl()}/device`;
  return answer(200, {
    device_code: started.deviceCode,
    user_code: started.userCode,
    verification_uri: uri,
    verification_uri_complete: `${uri}?code=${started.userCode}`,
    expires_in: started.expiresIn,
    interval: started.interval,
  });
}

/** RFC 7009 section 2.2: the answer does not say whether there was such a login. */
async function revoke(asked: WebRequest, { devices }: OauthOptions): Promise<WebResponse> {
  const fields = form(asked);
  if ('fault' in fields) return fields.fault;
  await devices.end(fields.values.get('token') ?? '');
  return answer(200, {});
}

function notProven(error: GatewayError, code: OauthError): WebResponse {
  if (error.reason !== 'identity') throw error;
  if (error.code === 'IDENTITY_UNAVAILABLE') return refused(503, 'temporarily_unavailable', error.message);
  return refused(400, code, error.message);
}
