import type { RequestHeaders } from '../model/exchange.ts';
import { refusal } from './refusal.ts';

/** How Claude API credentials of every kind begin. */
const rawCredential = /^sk-ant-/i;

/**
 * The identity token a caller presents, unchecked: `Authorization: Bearer …` or `x-api-key: …`. Some clients send
 * both, then they must be equal. Throws `GatewayError` TOKEN_MISSING, TOKEN_INVALID, or RAW_CREDENTIAL where either
 * header holds a Claude credential.
 */
export function presentedToken(headers: RequestHeaders): string {
  const authorization = headers.get('authorization')?.trim() ?? '';
  const apiKey = headers.get('x-api-key')?.trim() ?? '';
  const bearer = /^bearer +/i.exec(authorization);
  const token = bearer ? authorization.slice(bearer[0].length) : '';
  if (rawCredential.test(token) || rawCredential.test(apiKey) || rawCredential.test(authorization)) {
    throw refusal('RAW_CREDENTIAL', 'raw_credential');
  }
  if (authorization && !token) {
    throw /^bearer$/i.test(authorization) && !apiKey
      ? refusal('TOKEN_MISSING', 'absent')
      : refusal('TOKEN_INVALID', 'scheme');
  }
  if (token && apiKey && token !== apiKey) throw refusal('TOKEN_INVALID', 'two_tokens');
  if (!token && !apiKey) throw refusal('TOKEN_MISSING', 'absent');
  return token || apiKey;
}
