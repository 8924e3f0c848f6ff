import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { openChromium } from '../console/browser.ts';
import { type WatchedBundle, watchedBundle } from '../servers/bundle.ts';
import { withProgram } from '../servers/gate.ts';
import { runAgent } from './agent.ts';
import { holding } from './policies.ts';
import { type Providers, startProviders } from './providers.ts';
import { type Stack, startStack } from './stack.ts';

/*
 * People of a company log in to the console at real identity providers, in a real browser, and decide what a real agent
 * of that company may run. The agent is a program that Ann owns.
 */
const chromium = openChromium();

withProgram('opa', 'people who log in at identity providers', () => {
  describe.skipIf(chromium === null)('people who log in at identity providers', () => {
    let bundle: WatchedBundle;
    let providers: Providers;
    let stack: Stack;
    let browser: Browser;
    const contexts: BrowserContext[] = [];

    beforeAll(async () => {
      bundle = await watchedBundle(holding);
      providers = await startProviders();
      stack = await startStack({ config: { policy: bundle.policy, ...providers.config } });
      browser = await chromium!();
    }, 90_000);
    afterEach(async () => {
      for (const context of contexts.splice(0)) await context.close();
    });
    afterAll(async () => {
      await browser.close();
      await stack.close();
      providers.close();
      bundle.remove();
    });

    /** A page of somebody who came to the console, chose a provider and logged in there. */
    const login = async (provider: string, name: string): Promise<Page> => {
      const context = await browser.newContext({ baseURL: stack.adminUrl });
      context.setDefaultTimeout(45_000);
      contexts.push(context);
      const page = await context.newPage();
      await page.goto('/waiting');
      await page.getByRole('link', { name: `Log in with ${provider}`, exact: true }).click();
      await page.waitForURL((url) => url.hostname === 'localhost');
      await page.locator('input[name=login]').fill(name);
      const password = page.locator('input[name=password]');
      if (await password.count()) await password.fill('anything');
      await page.locator('button[type=submit]').click();
      // The OpenID provider asks for consent; the SAML one goes back by itself.
      const consent = page.getByRole('button', { name: 'Continue' });
      const arrived = page.getByRole('heading', { level: 1, name: /waiting/i });
      await consent.or(arrived).first().waitFor();
      if (await consent.count()) await consent.click();
      await arrived.waitFor();
      expect(new URL(page.url()).pathname).toBe('/waiting');
      return page;
    };

    const run = async (prompt: string) =>
      runAgent({ baseUrl: stack.url, token: await providers.workload('ann@corp.example'), prompt, timeoutMs: 80_000 });

    const open = async (page: Page, what: RegExp): Promise<void> => {
      await page.goto('/waiting');
      await page.getByRole('link', { name: what }).click();
      await page.locator('.command').waitFor();
    };

    const decide = async (page: Page, verdict: 'Approve' | 'Deny'): Promise<void> => {
      await page.locator('[data-decide]').getByRole('button', { name: verdict }).click();
      await page.locator(verdict === 'Approve' ? '.decide-approved' : '.decide-denied').waitFor();
    };

    describe.each([
      ['corp', 'OpenID', 'bob'],
      ['saml-corp', 'SAML', 'carol'],
    ])('at %s (%s)', (provider, _protocol, name) => {
      it('approve what the agent waits with, and it runs', { timeout: 90_000 }, async () => {
        const page = await login(provider, name);
        const running = run(`sandbox:bash echo deploy ${name}\nGo.`);
        await open(page, new RegExp(`echo deploy ${name}`));
        expect(await page.locator('.command').textContent()).toBe(`echo deploy ${name}`);
        await decide(page, 'Approve');
        expect(await page.locator('.verdicts').textContent()).toContain(`${name}@corp.example`);
        const outcome = await running;
        expect([outcome.error, outcome.failed]).toEqual([null, false]);
        expect(outcome.results).toEqual([expect.objectContaining({ text: `deploy ${name}`, failed: false })]);
      });

      it('deny it, and the agent carries on without it', { timeout: 90_000 }, async () => {
        const page = await login(provider, name);
        const running = run(`sandbox:bash echo deploy at night for ${name}\nGo.`);
        await open(page, /echo deploy at night/);
        await page.getByLabel(/Comment/).fill('in the morning');
        await decide(page, 'Deny');
        const outcome = await running;
        expect([outcome.error, outcome.failed]).toEqual([null, false]);
        expect(JSON.stringify(outcome.messages)).toContain('in the morning');
        expect(outcome.calls.map((call) => call.name)).not.toContain('Bash');
        expect(outcome.results).toEqual([expect.objectContaining({ failed: true })]);
        expect(outcome.result).toBeTruthy();
      });

      it('are not asked about their own programs', { timeout: 90_000 }, async () => {
        const other = await login(provider, name);
        const ann = await login(provider, 'ann');
        const running = run(`sandbox:bash echo deploy of ann at ${provider}\nGo.`);
        await open(ann, /echo deploy of ann/);
        await ann.getByText('another person has to decide').waitFor();
        expect(await ann.locator('[data-decide]').count()).toBe(0);
        await open(other, /echo deploy of ann/);
        await decide(other, 'Deny');
        await running;
      });
    });
  });
});
