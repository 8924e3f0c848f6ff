import { timingSafeEqual } from 'node:crypto';
import { GatewayError } from '../errors.ts';
import type { SessionView } from '../model/login.ts';
import type { WebRequest } from '../model/web.ts';

type Asked = Pick<WebRequest, 'headers' | 'body'>;

/**
 * Whether a change of state comes from a page of this console in this session: the browser says so (`Sec-Fetch-Site`,
 * or where it does not send that, an `Origin` of the host that was asked), and the form's `csrf` or the header
 * `x-csrf-token` is the session's own.
 */
function isOurForm(session: Pick<SessionView, 'csrf'>, request: Asked): boolean {
  return fromOurPage(request) && sameText(presentedToken(request), session.csrf);
}

/** The same as a check. Throws `GatewayError` CSRF. */
export function checkCsrf(session: Pick<SessionView, 'csrf'>, request: Asked): void {
  if (!isOurForm(session, request)) throw new GatewayError('CSRF');
}

/** The fields of a posted form; of a field given twice the first. Empty for anything else than a form. */
export function formFields({ headers, body }: Asked): URLSearchParams {
  const type = headers.get('content-type')?.split(';', 1)[0]?.trim().toLowerCase();
  if (type !== 'application/x-www-form-urlencoded') return new URLSearchParams();
  return new URLSearchParams(Buffer.from(body).toString());
}

function fromOurPage({ headers }: Asked): boolean {
  const site = headers.get('sec-fetch-site');
  if (site !== null) return site === 'same-origin';
  const origin = URL.parse(headers.get('origin') ?? '');
  return origin !== null && origin.host === headers.get('host')?.toLowerCase();
}

function presentedToken(request: Asked): string {
  return request.headers.get('x-csrf-token') ?? formFields(request).get('csrf') ?? '';
}

function sameText(left: string, right: string): boolean {
  const [a, b] = [Buffer.from(left), Buffer.from(right)];
  return a.length === b.length && timingSafeEqual(a, b);
}
