import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { WebResponse, WebRoute } from '../model/web.ts';
import { assetHeaders } from './headers.ts';

const types: { readonly [ending: string]: string } = {
  js: 'text/javascript; charset=utf-8',
  css: 'text/css; charset=utf-8',
  svg: 'image/svg+xml; charset=utf-8',
};

const icon = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><rect width="32" height="32" rx="7" fill="#12211f"/><g fill="none" stroke="#e9f1ef" stroke-linecap="round"><path d="M7 26V14.5C7 9 11 5.5 16 5.5S25 9 25 14.5V26" stroke-width="2.4"/><path d="M12 26V16c0-2.6 1.8-4.2 4-4.2s4 1.6 4 4.2v10" stroke-width="2"/></g><circle cx="16" cy="19.5" r="1.9" fill="#f0b849"/></svg>`;

/** What the browser loads besides pages, under names that change with the content. */
export interface Assets {
  readonly route: WebRoute;
  /** Path of an asset: `script`, `styles` or `icon`. */
  readonly paths: { readonly script: string; readonly styles: string; readonly icon: string };
}

/** Reads the built files. Throws where the build is missing. */
export function openAssets(): Assets {
  const files = new Map<string, { readonly type: string; readonly text: string }>();
  const add = (name: string, text: string): string => {
    const digest = createHash('sha256').update(text).digest('hex').slice(0, 16);
    const [stem, ending] = name.split('.') as [string, string];
    files.set(`${stem}.${digest}.${ending}`, { type: types[ending]!, text });
    return `/assets/${stem}.${digest}.${ending}`;
  };
  const built = (name: string) => readFileSync(new URL(`generated/${name}`, import.meta.url), 'utf8');
  const paths = {
    script: add('console.js', built('console.js')),
    styles: add('console.css', built('console.css')),
    icon: add('icon.svg', icon),
  };
  const handler: WebRoute['handler'] = ({ params }): WebResponse => {
    const file = files.get(params.name ?? '');
    if (!file) return { status: 404, headers: assetHeaders('text/plain').slice(0, -1), body: 'not found\n' };
    return { status: 200, headers: assetHeaders(file.type), body: file.text };
  };
  return { route: { method: 'GET', path: '/assets/{name}', maxBytes: 0, handler }, paths };
}
