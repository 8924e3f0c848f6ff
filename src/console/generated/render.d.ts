// Written by `make console`.
import type { Page } from '../models.ts';
/** The HTML of a page, without its shell. Every text in it is escaped. */
export declare function renderPage(page: Page): string;
