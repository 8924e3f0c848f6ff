import type { WebRequest, WebResponse } from '../model/web.ts';
import type { DeviceRefusal } from './devices.ts';

/** Error codes of RFC 6749 section 5.2, RFC 8693 section 2.2.2 and RFC 8628 section 3.5. */
export type OauthError =
  | 'invalid_request'
  | 'invalid_client'
  | 'invalid_grant'
  | 'invalid_target'
  | 'unsupported_grant_type'
  | 'temporarily_unavailable'
  | DeviceRefusal;

type Headers = readonly (readonly [name: string, value: string])[];

/** The fields of a form, each given once; or the refusal of anything else. */
export function form({
  headers,
  body,
}: WebRequest): { readonly values: ReadonlyMap<string, string> } | { readonly fault: WebResponse } {
  const fault = (description: string) => ({ fault: refused(400, 'invalid_request', description) });
  const type = headers.get('content-type')?.split(';', 1)[0]?.trim().toLowerCase();
  if (type !== 'application/x-www-form-urlencoded') return fault('The body is a form (x-www-form-urlencoded).');
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(body);
  } catch {
    return fault('The body is not UTF-8.');
  }
  const values = new Map<string, string>();
  for (const [name, value] of new URLSearchParams(text)) {
    // RFC 6749 section 3.2: a parameter must not come twice, and an empty one counts as left out.
    if (values.has(name)) return fault('A parameter is given twice.');
    if (value !== '') values.set(name, value);
  }
  return { values };
}

/** A JSON answer. */
export function answer(status: number, body: object, headers: Headers = []): WebResponse {
  return { status, headers: [['content-type', 'application/json'], ...headers], body: JSON.stringify(body) };
}

/** An error answer; a description is left out where it is empty. */
export function refused(status: number, error: OauthError, description: string, headers: Headers = []): WebResponse {
  return answer(status, { error, ...(description === '' ? {} : { error_description: description }) }, headers);
}
