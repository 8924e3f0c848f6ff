import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type Look, openChromium, profile } from './browser.ts';
import { agent } from './people.ts';
import { decideAs, seed, seedApprovals } from './seed.ts';
import { openStand, type Stand } from './stand.ts';

/*
 * The console in a real Chromium, under its own content policy.
 */
const chromium = openChromium();
const payloads = [
  '<img src=x onerror="window.pwned=1">',
  '"><script>window.pwned=1</script>',
  '</script><script>window.pwned=1</script>',
  'javascript:window.pwned=1//\'"><svg onload=window.pwned=1>',
  '{{constructor.constructor("window.pwned=1")()}}',
];
const hidden = 'safe\u202e\u2066cod.exe\u2069 \u200bzero\u0000nul\u001b[31m';

let stand: Stand;
let browser: Browser;
let ids: { readonly removal: string; readonly request: string };
const contexts: BrowserContext[] = [];

const open = async (person: string, path: string, look: Look = {}): Promise<Page> => {
  const context = await profile(browser, stand.url, person, look);
  contexts.push(context);
  const page = await context.newPage();
  await page.goto(path);
  return page;
};
const status = (page: Page) => page.locator('.heading .badge').first().textContent();

describe.skipIf(chromium === null)('in a browser', () => {
  beforeAll(async () => {
    stand = await openStand();
    await seed(stand);
    ids = await seedApprovals(stand);
    browser = await chromium!();
  });
  afterAll(async () => {
    await browser.close();
    await stand.close();
  });
  afterEach(async () => {
    stand.loggedOut.clear();
    for (const context of contexts.splice(0)) await context.close();
  });

  it('approves by the keyboard alone', async () => {
    const approval = await stand.ask({ input: { command: 'rm -rf keyboard' } });
    const page = await open('grace', '/waiting');
    const card = page.locator('[data-item]', { hasText: 'rm -rf keyboard' });
    await card.waitFor();
    for (let n = 0; n < 20 && !(await card.evaluate((it) => it === document.activeElement)); n++) {
      await page.keyboard.press('j');
    }
    await page.keyboard.press('Enter');
    await page.locator('[data-decide]').waitFor();
    await page.keyboard.press('a');
    const dialog = page.getByRole('dialog');
    await dialog.waitFor();
    expect((await dialog.locator('.fingerprint').textContent())?.replaceAll(' ', '')).toBe(approval.fingerprint);
    await page.keyboard.press('Enter');
    await page.locator('.decide-approved').waitFor();
    expect(await status(page)).toBe('approved');
  });

  it('denies by the keyboard, but not when the dialog is left', async () => {
    const approval = await stand.ask({ input: { command: 'rm -rf second-thoughts' } });
    const page = await open('grace', `/approvals/${approval.id}`);
    await page.keyboard.press('d');
    await page.getByRole('dialog').waitFor();
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    expect(await status(page)).toBe('waiting');
    await page.getByLabel(/Comment/).fill('d is a letter here');
    await page.keyboard.press('Escape');
    await page.keyboard.press('d');
    await page.getByRole('dialog').getByRole('button', { name: 'Deny' }).click();
    await page.locator('.decide-denied').waitFor();
    expect(await page.locator('.comment').textContent()).toBe('d is a letter here');
  });

  it('lets the keyboard skip to the content first, and reach every control', async () => {
    const page = await open('grace', `/approvals/${ids.removal}`);
    await page.keyboard.press('Tab');
    expect(await page.evaluate(() => document.activeElement?.textContent?.trim())).toBe('Skip to the content');
    const reached = new Set<string>();
    for (let n = 0; n < 40; n++) {
      await page.keyboard.press('Tab');
      reached.add(await page.evaluate(() => document.activeElement?.textContent?.trim() ?? ''));
    }
    for (const name of ['Approve', 'Deny', 'Log out', 'Exactly what is bound', 'Activity'])
      expect(reached).toContain(name);
  });

  it('decides without script, by plain forms', async () => {
    const approval = await stand.ask({ input: { command: 'rm -rf plain' } });
    const page = await open('grace', '/waiting', { script: false });
    await page.getByRole('link', { name: /rm -rf plain/ }).click();
    expect(await page.locator('.fingerprint').textContent()).toBe(approval.fingerprint);
    await page.getByLabel(/Comment/).fill('not tonight');
    await page.getByRole('button', { name: 'Deny' }).click();
    expect(new URL(page.url()).pathname).toBe(`/approvals/${approval.id}`);
    expect(await status(page)).toBe('denied');
    await page.getByRole('link', { name: 'Activity' }).click();
    await page.getByLabel('Function').fill('support-bot');
    await page.getByRole('button', { name: 'Filter' }).click();
    expect(await page.locator('.row').count()).toBe(1);
  });

  it('shows what waits as it comes and goes, and a verdict of somebody else', async () => {
    const page = await open('grace', '/waiting');
    const reader = await open('ada', '/waiting');
    await page.evaluate(() => Object.assign(globalThis, { sameDocument: true }));
    const approval = await stand.ask({ input: { command: 'rm -rf arriving' } });
    await page.getByRole('link', { name: /rm -rf arriving/ }).click();
    await page.locator('[data-decide]').waitFor();
    await reader.getByRole('link', { name: /rm -rf arriving/ }).click();
    await reader.getByText('another person has to decide').waitFor();
    await decideAs(stand, 'alan', approval, 'approve', 'seen');
    await page.locator('.decide-approved').waitFor();
    await reader.locator('.decide-approved').waitFor();
    expect(await page.evaluate(() => 'sameDocument' in globalThis)).toBe(true);
  });

  it('leaves for the login as soon as the session is over', async () => {
    const page = await open('grace', '/activity');
    await page.locator('.row').first().waitFor();
    stand.loggedOut.add('grace');
    await page.waitForURL(/\/login\?return_to=%2Factivity/);
  });

  it('runs nothing of what it shows', async () => {
    for (const [at, payload] of payloads.entries()) {
      const requester = { ...agent, function: payload, subject: `s${at}${payload}` };
      const approval = await stand.ask({
        requester,
        tool: payload,
        input: { command: payload, [payload]: payload, list: [payload] },
        message: payload,
        rule: `rule${payload}`,
        facts: { input: { commands: [[payload]], hosts: [payload], paths: [{ path: payload }] } },
      });
      for (const script of at === 0 ? [true, false] : [true]) {
        const page = await open('grace', `/approvals/${approval.id}`, { script });
        expect(await page.locator('.command').textContent()).toContain(payload);
        await page.locator('summary').first().click();
        expect(await page.locator('img, main script, [onerror], [onload]').count()).toBe(0);
        if (script) expect(await page.evaluate(() => 'pwned' in globalThis)).toBe(false);
      }
      await decideAs(stand, 'alan', approval, 'deny', payload);
      const page = await open('grace', `/approvals/${approval.id}`);
      expect(await page.locator('.comment').textContent()).toBe(payload);
      expect(await page.title()).toContain(payload.replace(/\s+/g, ' ').trim().slice(0, 12));
      await page.goto('/waiting');
      await page.goto(`/activity?${new URLSearchParams({ function: payload })}`);
      expect(await page.getByLabel('Function').inputValue()).toBe(payload);
      expect(await page.evaluate(() => 'pwned' in globalThis)).toBe(false);
    }
  });

  it('makes characters visible that hide or reorder text', async () => {
    const approval = await stand.ask({ input: { command: hidden } });
    const page = await open('grace', `/approvals/${approval.id}`);
    const shown = await page.locator('.command').textContent();
    for (const name of ['RLO U+202E', 'LRI U+2066', 'PDI U+2069', 'ZWSP U+200B', 'NUL U+0000', 'ESC U+001B']) {
      expect(shown).toContain(name);
    }
    expect(shown).not.toMatch(/[\u202e\u2066\u2069\u200b\u0000\u001b]/);
  });

  it('has no place where text could become markup', async () => {
    const page = await open('grace', '/waiting');
    const sink = await page.evaluate(() => {
      try {
        document.body.innerHTML = '<b>x</b>';
        return 'open';
      } catch (thrown) {
        return (thrown as Error).name;
      }
    });
    expect(sink).toBe('TypeError');
    const policy = await page.evaluate(() => {
      const { trustedTypes } = globalThis as unknown as {
        trustedTypes: { createPolicy(name: string, rules: object): void };
      };
      try {
        trustedTypes.createPolicy('any', {});
        return 'made';
      } catch {
        return 'refused';
      }
    });
    expect(policy).toBe('refused');
  });

  it('is not framed, and takes no form from another place', async () => {
    const approval = await stand.ask({ input: { command: 'rm -rf elsewhere' } });
    const target = `${stand.url}/approvals/${approval.id}`;
    const evil = createServer((request, response) => {
      response.setHeader('content-type', 'text/html');
      response.end(
        request.url === '/frame'
          ? `<iframe src="${target}"></iframe>`
          : `<form method="post" action="${target}"><input name="verdict" value="approve"><input name="fingerprint" value="${approval.fingerprint}"><input name="csrf" value="csrf-of-grace"><button>go</button></form>`,
      );
    });
    await new Promise<void>((resolve) => evil.listen(0, '127.0.0.1', resolve));
    const evilUrl = `http://127.0.0.1:${(evil.address() as AddressInfo).port}`;
    try {
      const page = await open('grace', `${evilUrl}/frame`);
      await page.waitForLoadState('networkidle');
      expect(page.frames().map((frame) => frame.url())).not.toContain(target);
      await page.goto(`${evilUrl}/form`);
      await page.getByRole('button').click();
      await page.getByText('The form was out of date').waitFor();
      await page.goto(target);
      expect(await status(page)).toBe('waiting');
    } finally {
      evil.closeAllConnections();
      evil.close();
    }
  });

  it.each(['light', 'dark'] as const)('fits a phone, %s', async (scheme) => {
    const long = 'x'.repeat(400);
    const wide = await stand.ask({
      requester: { ...agent, function: long, subject: `${scheme}${long}@example.test` },
      input: { command: long, [long]: long },
      message: long,
    });
    const page = await open('grace', '/waiting', { scheme, width: 375, height: 812 });
    const paths = [
      `/approvals/${wide.id}`,
      `/approvals/${ids.request}`,
      '/activity',
      '/activity/req_019ac0a4',
      '/policy',
      '/status',
    ];
    for (const path of ['/waiting', ...paths, '/activity/none']) {
      await page.goto(path);
      await page.locator('h1').waitFor();
      for (const summary of await page.locator('summary').all()) await summary.click();
      expect(await page.evaluate(() => document.documentElement.scrollWidth), path).toBe(375);
    }
    await decideAs(stand, 'alan', wide, 'deny', long);
  });

  it('is the same page with script and without', async () => {
    for (const path of ['/activity', '/policy', `/approvals/${ids.removal}`]) {
      const plain = await open('grace', path, { script: false });
      const alive = await open('grace', path);
      await alive.waitForFunction(() => document.title !== '');
      const text = (page: Page) =>
        page.locator('main').evaluate((main) => main.textContent?.replace(/\d+ (s|min) ago|in \d+ min|just now/g, ''));
      const [a, b] = [await text(plain), await text(alive)];
      expect(a).not.toBe('');
      expect(b).toBe(a);
    }
  });
});
