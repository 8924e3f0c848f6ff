import type { DeviceApprovals } from '../model/login.ts';
import type { WebResponse, WebRoute } from '../model/web.ts';
import { pageHeaders } from './headers.ts';
import type { LoginPages } from './login_pages.ts';
import type { Authentication } from './session_authenticate.ts';
import { checkCsrf, formFields } from './session_csrf.ts';

export interface DeviceRoutesOptions {
  readonly devices: DeviceApprovals;
  readonly authentication: Authentication;
  readonly pages: LoginPages;
}

const WRONG = 'There is no open request with that code. Look at the device: a code lasts ten minutes.';

/** `/device`: a logged-in person lets a command line in, after looking at what it is (RFC 8628 section 3.3). */
export function deviceRoutes({ devices, authentication, pages }: DeviceRoutesOptions): readonly WebRoute[] {
  return [
    {
      method: 'GET',
      path: '/device',
      maxBytes: 0,
      async handler(request) {
        const session = await authentication.session(request);
        const code = request.query.get('code') ?? '';
        if (!session) return toLogin(code);
        if (code === '') return pages.askCode(session.csrf, 'Start `sallyport login` on the device.');
        const device = await devices.find(code);
        if (!device) return pages.askCode(session.csrf, WRONG);
        const { person, subject } = session.actor.principal;
        return pages.confirm(session.csrf, person ?? subject, device);
      },
    },
    {
      method: 'POST',
      path: '/device',
      maxBytes: 4096,
      async handler(request) {
        const session = await authentication.session(request);
        if (!session) return toLogin('');
        checkCsrf(session, request);
        const fields = formFields(request);
        const verdict = fields.get('verdict') === 'approve' ? 'approve' : 'deny';
        const person = { identity: session.identity, authenticatedAt: session.actor.authenticatedAt };
        const decided = await devices.decide(fields.get('code') ?? '', verdict, person);
        return decided ? pages.decided(verdict === 'approve') : pages.askCode(session.csrf, WRONG);
      },
    },
  ];
}

function toLogin(code: string): WebResponse {
  const back = code === '' ? '/device' : `/device?${new URLSearchParams({ code })}`;
  const location = `/login?${new URLSearchParams({ return_to: back })}`;
  return { status: 303, headers: [...pageHeaders('text/plain; charset=utf-8'), ['location', location]], body: '' };
}
