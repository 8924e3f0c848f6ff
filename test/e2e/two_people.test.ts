import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createDevelopmentIssuer } from '../../src/identify/index.ts';
import { openChromium } from '../console/browser.ts';
import { runAgent } from './agent.ts';

/*
 * What `make run` starts, as whoever tries the product meets it: the panel's addresses, token and link, two browser
 * profiles, the built-in policy, the real Agent SDK.
 */
const chromium = openChromium();
const main = join(import.meta.dirname, '../../src/main.ts');

/** What the panel of `sallyport dev` says. */
interface Panel {
  readonly agents: string;
  readonly console: string;
  readonly token: string;
  readonly reviewerLink: string;
}

describe.skipIf(chromium === null)('two people at `make run`', () => {
  const directory = mkdtempSync(join(tmpdir(), 'two-people-'));
  const dataDir = join(directory, 'data');
  const contexts: BrowserContext[] = [];
  let child: ChildProcess;
  let panel: Panel;
  let browser: Browser;

  beforeAll(async () => {
    const options = ['--data-dir', dataDir, '--listen', '127.0.0.1:0', '--admin', '127.0.0.1:0'];
    child = spawn(process.execPath, [main, 'dev', ...options], { stdio: ['ignore', 'pipe', 'inherit'] });
    panel = await readPanel(child);
    browser = await chromium!();
  }, 60_000);
  afterAll(async () => {
    for (const context of contexts) await context.close();
    await browser.close();
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGTERM');
    expect(await ended).toBe(0);
    rmSync(directory, { recursive: true });
  }, 60_000);

  /** A profile of its own that has opened a one-time link. */
  const login = async (link: string): Promise<Page> => {
    const context = await browser.newContext({ baseURL: panel.console });
    context.setDefaultTimeout(45_000);
    contexts.push(context);
    const page = await context.newPage();
    await page.goto(link);
    await page.getByRole('heading', { level: 1, name: /waiting/i }).waitFor();
    return page;
  };

  it('the second approves what waits, the first sees it finish, and may not approve it', {
    timeout: 90_000,
  }, async () => {
    const issuer = await createDevelopmentIssuer({ dataDir });
    const own = await issuer.link({ subject: 'dev@localhost', groups: ['developers', 'approvers'] });
    const first = await login(`${panel.console}/login/dev?code=${own}`);
    const second = await login(panel.reviewerLink);

    const prompt = 'sandbox:bash mkdir old; rm -r old; echo the old one is gone\nGo.';
    const running = runAgent({ baseUrl: panel.agents, token: panel.token, prompt, timeoutMs: 75_000 });

    await first.getByRole('link', { name: /rm -r old/ }).click();
    await first.getByText('another person has to decide').waitFor();
    expect(await first.locator('[data-decide]').count()).toBe(0);
    expect(await forge(first)).toMatchObject({ status: 403, page: expect.stringContaining('That is not for you') });

    await second.getByRole('link', { name: /rm -r old/ }).click();
    await second.locator('.command').waitFor();
    expect(await second.locator('.command').textContent()).toContain('rm -r old');
    await second.locator('[data-decide]').getByRole('button', { name: 'Approve' }).click();
    await second.locator('.decide-approved').waitFor();

    await first.locator('.decide-approved').waitFor();
    expect(await first.locator('.verdicts').textContent()).toContain('reviewer@localhost');
    const outcome = await running;
    expect([outcome.error, outcome.failed]).toEqual([null, false]);
    expect(outcome.results).toEqual([expect.objectContaining({ text: 'the old one is gone', failed: false })]);
  });
});

/** Posts the form that the page does not show, as the person who is logged in there. */
async function forge(page: Page): Promise<{ readonly status: number; readonly page: string }> {
  const { pathname, origin } = new URL(page.url());
  const fingerprint = (await page.locator('.fingerprint').first().textContent())?.replaceAll(/\s/g, '') ?? '';
  expect(fingerprint).toMatch(/^[0-9a-f]{64}$/);
  const csrf = await page.locator('input[name=csrf]').first().getAttribute('value');
  const form = { csrf: csrf ?? '', fingerprint, verdict: 'approve', scope: 'once' };
  const headers = { origin };
  const answer = await page.request.post(origin + pathname, { form, headers, maxRedirects: 0 });
  return { status: answer.status(), page: await answer.text() };
}

/** Reads the output until the panel is whole. Rejects where the command ends before. */
async function readPanel(child: ChildProcess): Promise<Panel> {
  let text = '';
  child.stdout!.setEncoding('utf8');
  await new Promise<void>((resolve, reject) => {
    child.once('exit', (code) => reject(new Error(`it ended with ${code}: ${text}`)));
    child.stdout!.on('data', (chunk: string) => {
      text += chunk;
      if (text.includes('Stop: Ctrl-C')) resolve();
    });
  });
  const find = (pattern: RegExp): string => pattern.exec(text)?.[1] ?? `${pattern} is not in the panel`;
  return {
    agents: find(/^ *agents +(\S+)/m),
    console: find(/^ *console +(\S+)/m),
    token: find(/ANTHROPIC_AUTH_TOKEN=(ey\S+)/),
    reviewerLink: find(/^ *(http\S+\/login\/dev\?code=\S+)/m),
  };
}
