import { type ErrorCode, GatewayError } from '../errors.ts';

/**
 * Why a token was refused: a closed list for the log and the record. The caller only ever reads the one public text
 * of the error code, so that an attacker learns nothing about which check failed.
 */
export type TokenFault =
  | 'absent'
  | 'scheme'
  | 'two_tokens'
  | 'raw_credential'
  | 'size'
  | 'form'
  | 'json'
  | 'issuer'
  | 'header'
  | 'algorithm'
  | 'typ'
  | 'kid'
  | 'audience'
  | 'admin_audience'
  | 'exp'
  | 'iat'
  | 'nbf'
  | 'age'
  | 'auth_time'
  | 'replayed'
  | 'xml'
  | 'saml'
  | 'recipient'
  | 'request'
  | 'subject'
  | 'actors'
  | 'key'
  | 'signature'
  | 'revoked'
  | 'keys_unavailable';

/** A refusal whose private detail is the fault alone, with the code word of a library's error where there is one. */
export function refusal(code: ErrorCode, fault: TokenFault, word = ''): GatewayError {
  return new GatewayError(code, undefined, { detail: `token refused: ${fault}${word && ` ${word}`}` });
}
