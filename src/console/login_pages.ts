import type { DeviceRequest } from '../model/login.ts';
import type { WebResponse } from '../model/web.ts';
import { pageHeaders } from './headers.ts';
import { type Html, html } from './html.ts';

type Headers = WebResponse['headers'];

/** How the pages of the login look: a title and what is on the page become a document. */
export type Shell = (title: string, content: Html) => string;

/** A document without style, where the console gives no other. */
const plainShell: Shell = (title, content) =>
  html`<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>${title} · Sallyport</title></head>
<body><main><h1>${title}</h1>${content}</main></body>
</html>
`.text;

/** The pages of login, logout and devices, in one shell. */
export function createLoginPages(shell: Shell = plainShell) {
  const page = (status: number, title: string, content: Html, headers: Headers = []): WebResponse => ({
    status,
    headers: [...pageHeaders('text/html; charset=utf-8'), ...headers],
    body: shell(title, content),
  });
  return {
    choose(providers: readonly { readonly name: string; readonly href: string }[], development: boolean): WebResponse {
      const links = providers.map(({ name, href }) => html`<li><a href="${href}">Log in with ${name}</a></li>`);
      const link = development
        ? html`<p>Open the link that <code>sallyport dev</code> printed, or get another one: <code>sallyport token --reviewer --link</code></p>`
        : html``;
      const nobody = links.length === 0 && !development ? html`<p>No login is configured.</p>` : html``;
      return page(200, 'Log in', html`<ul>${links}</ul>${link}${nobody}`);
    },
    refused(status: number, text: string, headers: Headers = []): WebResponse {
      return page(status, 'The login did not work', html`<p>${text}</p><p><a href="/login">Log in</a></p>`, headers);
    },
    askCode(csrf: string, note: string): WebResponse {
      return page(
        200,
        'Let a device in',
        html`<p>${note}</p><form method="get" action="/device"><label>Code that the device shows <input name="code" autocomplete="off" autocapitalize="characters" required></label> <button>Go on</button></form>${logout(csrf)}`,
      );
    },
    confirm(csrf: string, who: string, device: DeviceRequest): WebResponse {
      const hours = Math.round(device.loginSeconds / 360) / 10;
      return page(
        200,
        'Let this device in?',
        html`<p>It gets tokens in your name, <b>${who}</b>, for ${hours} hours. Do this only if you started it yourself, just now, and it shows the same code.</p>
<dl><dt>Code</dt><dd><b>${device.userCode}</b></dd><dt>Program</dt><dd>${device.client}</dd><dt>Asked from</dt><dd>${device.remote}</dd><dt>At</dt><dd>${new Date(device.requestedAt).toISOString()}</dd></dl>
<form method="post" action="/device"><input type="hidden" name="csrf" value="${csrf}"><input type="hidden" name="code" value="${device.userCode}">
<button name="verdict" value="approve">Let it in</button> <button name="verdict" value="deny">Refuse</button></form>`,
      );
    },
    decided(approved: boolean): WebResponse {
      const text = approved ? 'Go back to the device: it goes on by itself.' : 'The device was refused.';
      return page(200, approved ? 'It is in' : 'Refused', html`<p>${text}</p>`);
    },
  };
}

export type LoginPages = ReturnType<typeof createLoginPages>;

function logout(csrf: string): Html {
  return html`<form method="post" action="/logout"><input type="hidden" name="csrf" value="${csrf}"><button>Log out</button></form>`;
}
