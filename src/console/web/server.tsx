import { renderToString } from 'preact-render-to-string';
import type { Page } from '../models.ts';
import { PageView } from './view.tsx';

/** The HTML of a page, without its shell. Every text in it is escaped. */
export function renderPage(page: Page): string {
  return renderToString(<PageView page={page} />);
}
