import type { ComponentChildren } from 'preact';
import type { Page, Place } from '../models.ts';
import { Gate } from './parts.tsx';
import { Visible } from './text.tsx';

const places: readonly { readonly href: `/${Place}`; readonly name: string; readonly icon: string }[] = [
  { href: '/waiting', name: 'Waiting', icon: 'M8 1.8a6.2 6.2 0 1 0 0 12.4A6.2 6.2 0 0 0 8 1.8ZM8 4.6V8l2.4 1.6' },
  { href: '/activity', name: 'Activity', icon: 'M1.5 8.5h3L6.6 3l2.9 10 2-4.5h3' },
  {
    href: '/policy',
    name: 'Policy',
    icon: 'M8 1.6 2.8 3.5v4.2c0 3 2.2 5.5 5.2 6.7 3-1.2 5.2-3.7 5.2-6.7V3.5L8 1.6Zm-2.3 6 1.7 1.7 3-3.2',
  },
  { href: '/status', name: 'Status', icon: 'M2 13.5h12M4 11V7.5M8 11V3.5M12 11V5.8' },
];

/** What surrounds every page: the way past it, the places, and who is logged in. */
export function Layout({ page, children }: { readonly page: Page; readonly children: ComponentChildren }) {
  const isOpen = ({ href }: { readonly href: `/${Place}` }) => page.viewer.places.includes(href.slice(1) as Place);
  return (
    <div class="frame">
      <a class="skip" href="#main">
        Skip to the content
      </a>
      <header class="rail">
        <a class="brand" href="/waiting" aria-label="Sallyport, waiting approvals">
          <Gate />
          <span>Sallyport</span>
        </a>
        <nav aria-label="Console">
          {places.filter(isOpen).map(({ href, name, icon }) => (
            <a key={href} href={href} aria-current={isHere(page.path, href) ? 'page' : undefined}>
              <svg viewBox="0 0 16 16" aria-hidden="true" focusable="false">
                <path
                  d={icon}
                  fill="none"
                  stroke="currentColor"
                  stroke-width="1.5"
                  stroke-linecap="round"
                  stroke-linejoin="round"
                />
              </svg>
              <span>{name}</span>
              {href === '/waiting' && page.waiting > 0 && (
                <span class="count" data-waiting={page.waiting}>
                  {page.waiting}
                  <span class="unseen"> waiting</span>
                </span>
              )}
            </a>
          ))}
        </nav>
        <p class="hint">
          <kbd>?</kbd> for the keys
        </p>
        <form class="viewer" method="post" action="/logout">
          <input type="hidden" name="csrf" value={page.viewer.csrf} />
          <p>
            <strong>
              <Visible text={page.viewer.name} />
            </strong>
            <span>
              <Visible text={page.viewer.tenant} />
            </span>
          </p>
          <button type="submit" class="quiet">
            Log out
          </button>
        </form>
      </header>
      <main id="main" tabIndex={-1}>
        {children}
      </main>
    </div>
  );
}

function isHere(path: string, href: string): boolean {
  return path === href || path.startsWith(`${href}/`) || (href === '/waiting' && path.startsWith('/approvals/'));
}

/** The heading of a page, with what stands beside it. */
export function Heading({
  title,
  above,
  children,
}: {
  readonly title: ComponentChildren;
  readonly above?: ComponentChildren;
  readonly children?: ComponentChildren;
}) {
  return (
    <div class="heading">
      {above !== undefined && <p class="above">{above}</p>}
      <h1 tabIndex={-1}>{title}</h1>
      {children !== undefined && <div class="beside">{children}</div>}
    </div>
  );
}
