import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createDevelopmentIssuer, developmentReviewer } from '../../src/identify/index.ts';
import { runAgent } from '../e2e/agent.ts';
import { holding } from '../e2e/policies.ts';
import { type Stack, startStack } from '../e2e/stack.ts';
import { type WatchedBundle, watchedBundle } from '../servers/bundle.ts';
import { withProgram } from '../servers/gate.ts';
import { openChromium } from './browser.ts';

/*
 * Two people in two browser profiles at a real gateway: an agent's call waits, who asked is refused, the other approves,
 * the call runs. Login by the one-time links that `make run` prints.
 */
const chromium = openChromium();

withProgram('opa', 'two people in front of a real gateway', () => {
  let bundle: WatchedBundle;
  let stack: Stack;
  let browser: Browser | null = null;
  const contexts: BrowserContext[] = [];

  beforeAll(async () => {
    bundle = await watchedBundle(holding);
    stack = await startStack({ config: { policy: bundle.policy } });
    browser = chromium && (await chromium());
  }, 60_000);
  afterAll(async () => {
    for (const context of contexts) await context.close();
    await browser?.close();
    await stack.close();
    bundle.remove();
  });

  /** A person who has just logged in by a one-time link, in a profile of their own. */
  const login = async (subject: string, groups: readonly string[]): Promise<Page> => {
    const issuer = await createDevelopmentIssuer({ dataDir: stack.dataDir });
    const context = await browser!.newContext({ baseURL: stack.adminUrl });
    contexts.push(context);
    const page = await context.newPage();
    await page.goto(`/login/dev?code=${await issuer.link({ subject, groups })}`);
    const button = page.getByRole('button', { name: /log in/i });
    if (await button.count()) await button.click();
    await page.goto('/waiting');
    await page.locator('h1').waitFor();
    return page;
  };

  it.skipIf(chromium === null)(
    'a call waits, the second person approves, and it runs',
    { timeout: 90_000 },
    async () => {
      const asker = await login('dev@localhost', ['approvers', 'operators']);
      const reviewer = await login(developmentReviewer.subject, developmentReviewer.groups);
      const token = await stack.token();
      const prompt = 'sandbox:bash echo deploy "<b>tonight</b>"\nGo.';
      const running = runAgent({ baseUrl: stack.url, token, prompt, timeoutMs: 60_000 });

      await reviewer.getByRole('link', { name: /echo deploy/ }).click();
      await reviewer.locator('.command').waitFor();
      expect(await reviewer.locator('.command').textContent()).toBe('echo deploy "<b>tonight</b>"');
      expect(await reviewer.locator('.reasons').textContent()).toMatch(/deployments are approved.*holding\.rego:3/s);

      await asker.getByRole('link', { name: /echo deploy/ }).click();
      await asker.getByText('another person has to decide').waitFor();
      expect(await asker.locator('[data-decide]').count()).toBe(0);

      await reviewer.keyboard.press('a');
      await reviewer.getByRole('dialog').waitFor();
      await reviewer.keyboard.press('Enter');
      await reviewer.locator('.decide-approved').waitFor();
      await asker.locator('.decide-approved').waitFor();

      const outcome = await running;
      expect(outcome.error).toBeNull();
      expect(outcome.results.map(({ text }) => text).join()).toContain('deploy <b>tonight</b>');

      await asker.goto('/activity');
      await asker.locator('[data-item]').first().click();
      await asker.getByText('Recording whole').waitFor();

      await reviewer.getByRole('button', { name: 'Log out' }).click();
      await reviewer.waitForLoadState();
      await reviewer.goto('/waiting');
      expect(new URL(reviewer.url()).pathname).toBe('/login');
      await reviewer.goBack();
      await reviewer.waitForURL(/\/login/);
    },
  );
});
