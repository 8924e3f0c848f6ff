import type { Browser, BrowserContext, Page as BrowserPage } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { ApprovalView, Page } from '../../src/console/models.ts';
import type { Approval } from '../../src/model/approval.ts';
import { openChromium, profile } from './browser.ts';
import { decideAs } from './seed.ts';
import { openStand, type Stand } from './stand.ts';

/* What people do to an approval besides deciding: taking it back, revoking a grant, approving alone in an emergency. */
const chromium = openChromium();
let stand: Stand;

beforeAll(async () => {
  stand = await openStand();
});
afterAll(() => stand.close());

const post = (as: string, { id }: Approval, form: Record<string, string>): Promise<Response> =>
  fetch(`${stand.url}/approvals/${id}`, {
    method: 'POST',
    redirect: 'manual',
    headers: {
      cookie: `stand=${as}`,
      'content-type': 'application/x-www-form-urlencoded',
      'sec-fetch-site': 'same-origin',
    },
    body: new URLSearchParams({ csrf: `csrf-of-${as}`, ...form }).toString(),
  });

const viewOf = async ({ id }: Approval, as: string): Promise<ApprovalView> => {
  const headers = { accept: 'application/json', cookie: `stand=${as}` };
  const { view } = (await (await fetch(`${stand.url}/approvals/${id}`, { headers })).json()) as Page;
  if (view.page !== 'approval') throw new Error(`${as} sees no approval`);
  return view;
};
const stateOf = async (approval: Approval) => (await viewOf(approval, 'grace')).approval.status;

describe('the page of an approval', () => {
  it('offers each person what policy lets them do', async () => {
    const approval = await stand.ask({ input: { command: 'rm -rf offers' } });
    const acts = async (as: string) => (await viewOf(approval, as)).acts;
    expect(await acts('grace')).toEqual({ cancel: true, revoke: true, breakGlass: true, review: false });
    expect(await acts('alan')).toEqual({ cancel: true, revoke: true, breakGlass: false, review: false });
    // Ada owns the agent: she may take its question back, and never approve it, however urgent.
    expect(await acts('ada')).toEqual({ cancel: true, revoke: true, breakGlass: false, review: false });
    await decideAs(stand, 'alan', approval, 'deny');
    expect(await acts('grace')).toMatchObject({ cancel: false, breakGlass: false });
  });

  it('takes no act without the form of this session', async () => {
    const approval = await stand.ask({ input: { command: 'rm -rf forged' } });
    for (const csrf of ['', 'csrf-of-alan']) {
      expect((await post('grace', approval, { csrf, act: 'cancel' })).status).toBe(403);
    }
    expect(await stateOf(approval)).toBe('pending');
  });

  it('carries out nothing that policy forbids, and nothing that it does not know', async () => {
    const approval = await stand.ask({ input: { command: 'rm -rf forbidden' } });
    const { fingerprint } = approval;
    const glass = { act: 'break-glass', comment: 'now', fingerprint };
    expect((await post('alan', approval, glass)).status).toBe(403);
    expect((await post('ada', approval, glass)).status).toBe(403);
    expect((await post('eve', approval, { act: 'cancel' })).status).toBeGreaterThanOrEqual(403);
    expect((await post('grace', approval, { ...glass, comment: ' ' })).status).toBe(400);
    expect((await post('grace', approval, { ...glass, fingerprint: 'f'.repeat(64) })).status).toBe(409);
    expect((await post('grace', approval, { act: 'erase' })).status).toBe(400);
    expect(await stateOf(approval)).toBe('pending');
  });
});

describe.skipIf(chromium === null)('by plain forms, without script', () => {
  let browser: Browser;
  const contexts: BrowserContext[] = [];

  beforeAll(async () => {
    browser = await chromium!();
  });
  afterEach(async () => {
    for (const context of contexts.splice(0)) await context.close();
  });
  afterAll(() => browser.close());

  const open = async (as: string, approval: Approval): Promise<BrowserPage> => {
    const context = await profile(browser, stand.url, as, { script: false });
    contexts.push(context);
    const page = await context.newPage();
    await page.goto(`/approvals/${approval.id}`);
    return page;
  };
  const button = (page: BrowserPage, name: string) => page.getByRole('button', { name, exact: true });

  it('the owner of the agent takes its question back', async () => {
    const approval = await stand.ask({ input: { command: 'rm -rf mistaken' } });
    const page = await open('ada', approval);
    await button(page, 'Take the question back').click();
    await page.locator('.decide-cancelled').waitFor();
    expect(await button(page, 'Take the question back').count()).toBe(0);
    expect(await stateOf(approval)).toBe('cancelled');
  });

  it('a grant is revoked once, and is worth nothing afterwards', async () => {
    const approval = await stand.ask({ input: { command: 'rm -rf regretted' } });
    await decideAs(stand, 'alan', approval, 'approve');
    const page = await open('grace', approval);
    await button(page, 'Revoke').click();
    await page.locator('.grants').getByText('revoked').waitFor();
    expect(await button(page, 'Revoke').count()).toBe(0);
    expect((await viewOf(approval, 'grace')).grants).toMatchObject([{ state: 'revoked' }]);
  });

  it('an operator breaks the glass alone where two are required, with a reason', async () => {
    const approval = await stand.ask({ input: { command: 'rm -rf urgent' }, quorum: 2 });
    const page = await open('grace', approval);
    await page.getByText('Emergency: approve alone').click();
    await page.getByLabel('Why it cannot wait').fill('the disk is full');
    await button(page, 'Break the glass').click();
    await page.locator('.decide-approved').waitFor();
    expect(await page.locator('.verdicts').textContent()).toMatch(/broke the glass.*the disk is full/s);
    expect(await stateOf(approval)).toBe('approved');
    // Neither who did it nor who asked reviews it.
    await page.getByText('Another person still has to review').waitFor();
    expect((await post('grace', approval, { act: 'review', comment: 'well done, me' })).status).toBe(403);
    expect((await post('ada', approval, { act: 'review', comment: 'thank you' })).status).toBe(403);
    await page.goto('/waiting');
    expect(await page.getByRole('link', { name: 'rm -rf urgent' }).count()).toBe(0);
    const reviewer = await open('mary', approval);
    await reviewer.goto('/waiting');
    await reviewer.getByRole('link', { name: 'rm -rf urgent' }).click();
    await reviewer.getByLabel('Your review of the emergency').fill('the disk was full, agreed');
    await button(reviewer, 'Close the review').click();
    await reviewer.getByText('the disk was full, agreed').waitFor();
    expect(await button(reviewer, 'Close the review').count()).toBe(0);
    await reviewer.goto('/waiting');
    expect(await reviewer.getByRole('link', { name: 'rm -rf urgent' }).count()).toBe(0);
    expect((await viewOf(approval, 'grace')).review).toMatchObject({ comment: 'the disk was full, agreed' });
  });
});
