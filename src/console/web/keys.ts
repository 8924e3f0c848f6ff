import type { Asked } from './overlay.tsx';

export interface KeyActions {
  readonly go: (href: string) => void;
  readonly ask: (asked: Asked) => void;
}

const places: { readonly [key: string]: string } = { w: '/waiting', a: '/activity', p: '/policy', s: '/status' };

/** The keyboard: moves through lists, opens, decides with a confirmation, goes to places. Typing is left alone. */
export function listenToKeys({ go, ask }: KeyActions): void {
  let going = 0;
  const actions: { readonly [key: string]: () => void } = {
    j: () => move(1),
    k: () => move(-1),
    a: () => decide('approve', ask),
    d: () => decide('deny', ask),
    r: toggleRaw,
    g: () => {
      going = Date.now();
    },
    '/': () => document.querySelector<HTMLInputElement>('[data-filters] input')?.focus(),
    '?': () => ask({ kind: 'help' }),
    Escape: () => document.querySelector<HTMLAnchorElement>('.above a')?.click(),
  };
  document.addEventListener('keydown', (event) => {
    if (event.metaKey || event.ctrlKey || event.altKey || event.defaultPrevented) return;
    const target = event.target as Element;
    if (document.querySelector('dialog[open]')) return;
    if (target.matches('input, textarea, select')) {
      if (event.key === 'Escape') (target as HTMLElement).blur();
      return;
    }
    const place = Date.now() - going < 1500 ? places[event.key] : undefined;
    going = 0;
    const action = place === undefined ? actions[event.key] : () => go(place);
    if (!action) return;
    event.preventDefault();
    action();
  });
}

function move(step: number): void {
  const items = [...document.querySelectorAll<HTMLElement>('[data-item]')];
  const at = items.indexOf(document.activeElement as HTMLElement);
  const next = items[at < 0 ? (step > 0 ? 0 : items.length - 1) : Math.min(Math.max(at + step, 0), items.length - 1)];
  next?.focus();
  next?.scrollIntoView({ block: 'nearest' });
}

function decide(verdict: 'approve' | 'deny', ask: KeyActions['ask']): void {
  const form = document.querySelector<HTMLFormElement>('[data-decide]');
  const button = form?.querySelector<HTMLButtonElement>(`button[value="${verdict}"]`);
  if (!form || !button || !form.reportValidity()) return;
  const fingerprint = String(new FormData(form).get('fingerprint'));
  ask({ kind: 'verdict', verdict, fingerprint, confirm: () => form.requestSubmit(button) });
}

function toggleRaw(): void {
  const folded = [...document.querySelectorAll<HTMLDetailsElement>('[data-raw]')];
  const open = folded.some((details) => !details.open);
  for (const details of folded) details.open = open;
}
