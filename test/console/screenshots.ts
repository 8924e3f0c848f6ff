/** Renews the pictures of the console in `docs/images`: `make screenshots`. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { type Look, openChromium, profile } from './browser.ts';
import { seed, seedApprovals } from './seed.ts';
import { openStand } from './stand.ts';

const folder = join(import.meta.dirname, '../../docs/images');
const desktop: Look = { width: 1280, height: 800 };
const phone: Look = { width: 375, height: 760 };

const launch = openChromium();
if (launch === null) process.exit(1);
mkdirSync(folder, { recursive: true });
const stand = await openStand();
await seed(stand);
const { removal } = await seedApprovals(stand);
const browser = await launch();
const pictures: readonly (readonly [name: string, path: string, size: Look])[] = [
  ['waiting', '/waiting', desktop],
  ['approval', `/approvals/${removal}`, desktop],
  ['activity', '/activity', desktop],
  ['exchange', '/activity/req_019ac0a4', desktop],
  ['policy', '/policy', desktop],
  ['status', '/status', desktop],
  ['approval-phone', `/approvals/${removal}`, phone],
  ['activity-phone', '/activity', phone],
];
try {
  for (const scheme of ['light', 'dark'] as const) {
    for (const [name, path, size] of pictures) {
      const context = await profile(browser, stand.url, 'grace', { ...size, scheme });
      const page = await context.newPage();
      await page.goto(path);
      await page.locator('h1').waitFor();
      await page.screenshot({ path: join(folder, `console-${name}-${scheme}.png`) });
      await context.close();
      console.log(`console-${name}-${scheme}.png`);
    }
  }
} finally {
  await browser.close();
  await stand.close();
}
