import type { WebResponse } from '../model/web.ts';
import { type Assets, openAssets } from './assets.ts';
import { renderPage } from './generated/render.js';
import { pageHeaders } from './headers.ts';
import { Html, html, jsonBlock } from './html.ts';
import type { Page } from './models.ts';

/** How the pages of the login look: a card on the colours of the console, without its places and its script. */
export function loginShell(): (title: string, content: Html) => string {
  const { paths } = openAssets();
  return (title, content) =>
    html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${title} · Sallyport</title>
<link rel="icon" type="image/svg+xml" href="${paths.icon}">
<link rel="stylesheet" href="${paths.styles}">
</head>
<body class="door">
<main>
<p class="brand"><img src="${paths.icon}" alt="" width="28" height="28"> Sallyport</p>
<div class="panel">
<h1>${title}</h1>
${content}
</div>
</main>
</body>
</html>
`.text;
}

/** A page as HTML, whole without its script; the script finds its data beside it. */
export function htmlResponse(page: Page, paths: Assets['paths'], status: number): WebResponse {
  const document = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${page.waiting > 0 ? `(${page.waiting}) ` : ''}${page.title} · Sallyport</title>
<link rel="icon" type="image/svg+xml" href="${paths.icon}">
<link rel="stylesheet" href="${paths.styles}">
<script type="application/json" id="page">${jsonBlock(page)}</script>
<script src="${paths.script}" defer></script>
</head>
<body>
<div id="root">${Html.rendered(renderPage(page))}</div>
<div id="overlay"></div>
</body>
</html>
`;
  return { status, headers: pageHeaders('text/html; charset=utf-8'), body: document.text };
}

/** The same page as data, for the script. */
export function jsonResponse(page: Page, status: number): WebResponse {
  return { status, headers: pageHeaders('application/json; charset=utf-8'), body: JSON.stringify(page) };
}
