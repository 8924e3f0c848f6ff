import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { type Browser, type BrowserContext, chromium } from 'playwright-core';

const names = ['chromium-headless-shell', 'chromium', 'chromium-browser', 'google-chrome'];

/** Where a Chromium is installed, or null. */
export function findChromium(): string | null {
  for (const folder of (process.env.PATH ?? '').split(delimiter)) {
    for (const name of names) {
      try {
        accessSync(join(folder, name), constants.X_OK);
        return join(folder, name);
      } catch {}
    }
  }
  return null;
}

/**
 * A function that starts the browser. Where there is no Chromium the reason is printed and it is null, for the tests to
 * be skipped; where CI is set that is an error.
 */
export function openChromium(): (() => Promise<Browser>) | null {
  const executablePath = findChromium();
  if (executablePath !== null) {
    return () => chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-gpu'] });
  }
  const reason = `no Chromium on PATH (${names.join(', ')}); install Debian's chromium-headless-shell`;
  if (process.env.CI) throw new Error(reason);
  console.log(`skipped: ${reason}`);
  return null;
}

export interface Look {
  readonly scheme?: 'light' | 'dark';
  readonly width?: number;
  readonly height?: number;
  readonly script?: boolean;
}

/** A profile that is logged in at a stand as somebody. */
export function profile(browser: Browser, url: string, person: string, look: Look = {}): Promise<BrowserContext> {
  const { hostname } = new URL(url);
  return browser
    .newContext({
      baseURL: url,
      colorScheme: look.scheme ?? 'light',
      viewport: { width: look.width ?? 1280, height: look.height ?? 900 },
      javaScriptEnabled: look.script ?? true,
      deviceScaleFactor: 1,
    })
    .then(async (context) => {
      await context.addCookies([{ name: 'stand', value: person, domain: hostname, path: '/' }]);
      return context;
    });
}
