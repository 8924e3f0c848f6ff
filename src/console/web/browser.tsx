import { hydrate, render } from 'preact';
import type { Page } from '../models.ts';
import { listenToKeys } from './keys.ts';
import { listenToWaiting } from './live.ts';
import { type Asked, Overlay } from './overlay.tsx';
import { PageView } from './view.tsx';

/** How often ages are counted anew, in milliseconds. */
const AGES_EVERY = 10_000;

const root = document.getElementById('root')!;
const overlay = document.getElementById('overlay')!;
let page = JSON.parse(document.getElementById('page')!.textContent) as Page;
let receivedAt = Date.now();
/** Counts navigations, so that a slow answer does not replace a page asked for after it. */
let asked = 0;

hydrate(<PageView page={page} />, root);

/** Shows a page, or the one there is with its ages counted anew. */
function show(next: Page | null): void {
  if (next !== null) {
    page = next;
    receivedAt = Date.now();
    document.title = `${next.waiting > 0 ? `(${next.waiting}) ` : ''}${next.title} · Sallyport`;
  }
  render(<PageView page={{ ...page, now: page.now + Date.now() - receivedAt }} />, root);
}

async function fetchPage(href: string): Promise<Page | null> {
  const answer = await fetch(href, { headers: { accept: 'application/json' }, redirect: 'manual' });
  const type = answer.headers.get('content-type') ?? '';
  return type.startsWith('application/json') ? ((await answer.json()) as Page) : null;
}

/** Goes to another page of the console without loading it whole; where that fails, the browser loads it. */
async function go(href: string, push: boolean): Promise<void> {
  const turn = ++asked;
  const next = await fetchPage(href).catch(() => null);
  if (turn !== asked) return;
  if (next === null) {
    location.assign(href);
    return;
  }
  if (push) history.pushState(null, '', href);
  show(next);
  scrollTo(0, 0);
  document.querySelector<HTMLElement>('h1')?.focus({ preventScroll: true });
}

async function refresh(): Promise<void> {
  const turn = asked;
  const next = await fetchPage(location.pathname + location.search).catch(() => null);
  if (next !== null && turn === asked) show(next);
}

function ask(question: Asked | null): void {
  render(question && <Overlay asked={question} close={() => ask(null)} />, overlay);
}

document.addEventListener('click', (event) => {
  const link = (event.target as Element).closest('a');
  if (!link || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
  if (link.origin !== location.origin || link.matches('[href^="#"], [data-whole]')) return;
  event.preventDefault();
  void go(link.href, true);
});

document.addEventListener('submit', (event) => {
  const form = event.target as HTMLFormElement;
  if (!form.matches('[data-filters]')) return;
  event.preventDefault();
  const filters = new URLSearchParams();
  for (const [name, value] of new FormData(form)) if (value !== '') filters.append(name, String(value));
  void go(`${form.action}${filters.size > 0 ? `?${filters}` : ''}`, true);
});

addEventListener('popstate', () => void go(location.href, false));
// A page that the browser kept from before a logout must not come back.
addEventListener('pageshow', (event) => event.persisted && location.reload());
setInterval(() => show(null), AGES_EVERY);

listenToKeys({ go: (href) => void go(href, true), ask });
listenToWaiting({
  update(approvals) {
    const { view } = page;
    const before = view.page === 'approval' ? view.approval : null;
    const after = before && approvals.find(({ id }) => id === before.id);
    const changed = before?.status === 'pending' && after?.approved !== before.approved;
    show({
      ...page,
      now: Date.now() + (page.now - receivedAt),
      waiting: approvals.length,
      view: view.page === 'waiting' ? { ...view, approvals } : view,
    });
    if (changed) void refresh();
  },
  ended: () => location.reload(),
});
