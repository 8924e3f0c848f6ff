import { describe, expect, it } from 'vitest';
import { safeReturn } from '../../src/console/login.ts';
import { Browser } from '../servers/http_browser.ts';
import { cookieOf, loginBench, me, oidcLogin } from './login_bench.ts';

describe('a session', () => {
  const hour = 3_600_000;

  it('ends after 30 idle minutes, and lives on while it is used', async () => {
    const bench = await loginBench();
    const browser = new Browser();
    await oidcLogin(bench, browser);
    for (let i = 0; i < 3; i++) {
      bench.ahead += hour / 2 - 1000;
      expect(await me(bench, browser)).toBeTypeOf('object');
    }
    bench.ahead += hour / 2;
    expect(await me(bench, browser)).toBe(401);
  });

  it('is not kept alive by an open page that asks by itself', async () => {
    const bench = await loginBench();
    const browser = new Browser();
    await oidcLogin(bench, browser);
    const watch = () => bench.login.authentication.who({ headers: cookieOf(bench, browser) }, true);
    bench.ahead += hour / 2 - 1000;
    expect(await watch()).toMatchObject({ kind: 'person' });
    bench.ahead += 2000;
    expect(await watch()).toBeNull();
  });

  it('ends 8 hours after the login, used or not', async () => {
    const bench = await loginBench();
    const browser = new Browser();
    await oidcLogin(bench, browser);
    for (let i = 0; i < 16; i++) {
      bench.ahead += hour / 2 - 1000;
      expect(await me(bench, browser)).toBeTypeOf('object');
    }
    bench.ahead += 16_000;
    expect(await me(bench, browser)).toBe(401);
  });

  it('ends at logout, for every copy of its cookie', async () => {
    const bench = await loginBench();
    const browser = new Browser();
    const secret = await oidcLogin(bench, browser);
    const session = await bench.login.authentication.session({ headers: cookieOf(bench, browser) });
    const response = await browser.post(`${bench.url}/logout`, { csrf: session!.csrf });
    expect([response.status, response.headers.get('location')]).toEqual([303, '/login']);
    expect(response.headers.get('clear-site-data')).toBe('"cache"');
    expect(browser.cookies(bench.url).has('sallyport-session')).toBe(false);
    const copy = new Browser();
    copy.setCookie(bench.url, 'sallyport-session', secret);
    expect(await me(bench, copy)).toBe(401);
    expect(bench.events.at(-1)).toMatchObject({ kind: 'identity.logout', body: { subject: 'ann' } });
  });

  it.each([
    ['the person', 'sub'],
    ['the session itself', 'sid'],
  ] as const)('ends at once when %s is revoked', async (_name, kind) => {
    const bench = await loginBench();
    const browser = new Browser();
    await oidcLogin(bench, browser);
    const session = await bench.login.authentication.session({ headers: cookieOf(bench, browser) });
    const value = kind === 'sub' ? 'ann' : session!.id;
    const { id } = await bench.revocations.add({ kind, issuer: '', value, until: null, by: 'test' });
    expect(await me(bench, browser)).toBe(401);
    // Ended, not suspended.
    await bench.revocations.lift(id);
    expect(await me(bench, browser)).toBe(401);
  });
});

describe('requests of other sites', () => {
  it('change nothing without the form token of the session, from a page of the console', async () => {
    const bench = await loginBench();
    const browser = new Browser();
    await oidcLogin(bench, browser);
    const { csrf } = (await bench.login.authentication.session({ headers: cookieOf(bench, browser) }))!;
    const url = `${bench.url}/admin/v1/me`;
    const attempt = async (headers: { [name: string]: string }) =>
      (await browser.ask(url, { method: 'POST', headers })).status;
    expect(await attempt({ origin: bench.url, 'x-csrf-token': csrf })).toBe(200);
    expect(await attempt({ 'sec-fetch-site': 'same-origin', 'x-csrf-token': csrf })).toBe(200);
    expect(await attempt({ origin: bench.url })).toBe(403);
    expect(await attempt({ origin: bench.url, 'x-csrf-token': `${csrf}x` })).toBe(403);
    expect(await attempt({ 'x-csrf-token': csrf })).toBe(403);
    expect(await attempt({ origin: 'null', 'x-csrf-token': csrf })).toBe(403);
    expect(await attempt({ origin: 'https://evil.example', 'x-csrf-token': csrf })).toBe(403);
    for (const site of ['cross-site', 'same-site', 'none']) {
      expect(await attempt({ origin: bench.url, 'sec-fetch-site': site, 'x-csrf-token': csrf })).toBe(403);
    }
    for (const path of ['/logout', '/device']) {
      expect((await browser.post(`${bench.url}${path}`, { csrf }, 'https://evil.example')).status).toBe(403);
      expect((await browser.post(`${bench.url}${path}`, {})).status).toBe(403);
    }
    expect(await me(bench, browser)).toBeTypeOf('object');
  });

  it.each([
    'https://evil.example/',
    '//evil.example',
    '/\\evil.example',
    '/\t/evil.example',
    '\\\\evil.example',
    'javascript:alert(1)',
    'evil.example',
    '/login/corp',
    '/logout',
    '/a\r\nset-cookie: x=y',
    '',
  ])('are never where a login leads: %j', (text) => {
    expect(safeReturn(text)).toBe('/');
  });

  it('may name a path of the console', () => {
    expect(safeReturn('/waiting?a=b')).toBe('/waiting?a=b');
    expect(safeReturn('/logs')).toBe('/logs');
    expect(safeReturn(null)).toBe('/');
  });
});

describe('a device let in by its user', () => {
  it('gets a token of the person who confirmed its code', async () => {
    const bench = await loginBench();
    const browser = new Browser();
    const asked = (await (
      await fetch(`${bench.url}/oauth/device_authorization`, {
        method: 'POST',
        body: new URLSearchParams({ client_id: 'laptop' }),
      })
    ).json()) as { user_code: string; device_code: string };
    const page = `${bench.url}/device?code=${asked.user_code}`;
    const away = await browser.ask(page);
    expect(away.headers.get('location')).toBe(`/login?return_to=%2Fdevice%3Fcode%3D${asked.user_code}`);
    await oidcLogin(bench, browser);
    const confirm = await (await browser.ask(page)).text();
    expect(confirm).toContain(asked.user_code);
    expect(confirm).toContain('laptop');
    const csrf = /name="csrf" value="([^"]+)"/.exec(confirm)?.[1] ?? '';
    const poll = async () =>
      (await (
        await fetch(`${bench.url}/oauth/token`, {
          method: 'POST',
          body: new URLSearchParams({
            grant_type: 'urn:ietf:params:oauth:grant-type:device_code',
            device_code: asked.device_code,
          }),
        })
      ).json()) as { error?: string; access_token?: string };
    expect((await poll()).error).toBe('authorization_pending');
    const fields = { csrf, code: asked.user_code, verdict: 'approve' };
    const done = await browser.post(`${bench.url}/device`, fields);
    expect(await done.text()).toContain('It is in');
    expect((await poll()).access_token).toMatch(/^ey/);
    expect(bench.events.at(-1)).toMatchObject({
      kind: 'identity.token_issued',
      body: { subject: 'ann', grant: 'device_code' },
    });
    expect(await (await browser.post(`${bench.url}/device`, fields)).text()).toContain('no open request');
  });

  it('is refused where its user says so, and nothing is confirmed by looking', async () => {
    const bench = await loginBench();
    const browser = new Browser();
    await oidcLogin(bench, browser);
    const page = await (await browser.ask(`${bench.url}/device?code=BBBB-BBBB`)).text();
    expect(page).toContain('no open request');
    expect(page).not.toContain('BBBB');
  });
});
