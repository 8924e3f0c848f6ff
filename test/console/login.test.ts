import { describe, expect, it } from 'vitest';
import { Browser } from '../servers/http_browser.ts';
import { cookieOf, type LoginBench, loginBench, me, OPERATOR, oidcLogin } from './login_bench.ts';

const ACS = '/login/saml/acs';

/** Goes to the SAML provider and comes back with its response, changed or not. */
async function samlLogin(
  bench: LoginBench,
  browser: Browser,
  say: Parameters<LoginBench['saml']['response']>[0] = {},
  query = '',
): Promise<{ posted: Response; entered: Response | null; forced: boolean }> {
  const started = await browser.ask(`${bench.url}/login/saml-corp${query}`);
  const target = started.headers.get('location') ?? '';
  const { id, acsUrl, forceAuthn } = await bench.saml.readRequest(
    target,
    'https://gateway.example/saml',
    `${bench.url}${ACS}`,
  );
  const xml = bench.saml.response({ inResponseTo: id, recipient: acsUrl, destination: acsUrl, ...say });
  // A cross-site post: no cookie of the console comes with it.
  const posted = await new Browser().post(
    acsUrl,
    {
      SAMLResponse: Buffer.from(xml).toString('base64'),
      RelayState: new URL(target).searchParams.get('RelayState') ?? '',
    },
    'https://saml.idp.example',
  );
  const location = posted.headers.get('location');
  const entered = location === null ? null : await browser.ask(new URL(location, bench.url).href);
  return { posted, entered, forced: forceAuthn };
}

describe('login with an OpenID provider', () => {
  it('begins a session for the person that the provider names', async () => {
    const bench = await loginBench();
    const browser = new Browser();
    expect(await me(bench, browser)).toBe(401);
    await oidcLogin(bench, browser);
    expect(await me(bench, browser)).toEqual({ subject: 'ann', person: 'ann@corp.example', via: 'session' });
    expect(bench.failures).toEqual([]);
    expect(bench.events).toEqual([
      { kind: 'identity.login', exchange: null, body: expect.objectContaining({ subject: 'ann', provider: 'corp' }) },
    ]);
  });

  it('sends the browser back to the page it came for', async () => {
    const bench = await loginBench();
    const browser = new Browser();
    const response = await browser.login(
      `${bench.url}/login/corp?return_to=%2Fapprovals%2F1%3Fa%3Db`,
      'ann',
      bench.url,
    );
    expect(response.headers.get('location')).toBe('/approvals/1?a=b');
  });

  it('keeps the session in a cookie for this host alone, unseen by scripts', async () => {
    const bench = await loginBench();
    const browser = new Browser();
    const response = await browser.login(`${bench.url}/login/corp`, 'ann', bench.url);
    const [cookie, attempt] = response.headers.getSetCookie();
    expect(cookie).toMatch(/^sallyport-session=[\w-]{43}; Path=\/; Max-Age=28800; HttpOnly; SameSite=Lax$/);
    expect(attempt).toMatch(/^sallyport-login=; Path=\/; Max-Age=0; /);
    expect(response.headers.get('cache-control')).toBe('no-store');
  });

  it('gives a new session id at every login, and ends the old one', async () => {
    const bench = await loginBench();
    const browser = new Browser();
    const first = await oidcLogin(bench, browser);
    const second = await oidcLogin(bench, browser);
    expect(second).not.toBe(first);
    const old = new Browser();
    old.setCookie(bench.url, 'sallyport-session', first);
    expect(await me(bench, old)).toBe(401);
  });

  it('never takes over a session id that somebody put into the browser', async () => {
    const bench = await loginBench();
    const browser = new Browser();
    const planted = 'A'.repeat(43);
    browser.setCookie(bench.url, 'sallyport-session', planted);
    expect(await oidcLogin(bench, browser)).not.toBe(planted);
    const attacker = new Browser();
    attacker.setCookie(bench.url, 'sallyport-session', planted);
    expect(await me(bench, attacker)).toBe(401);
  });

  it('refuses a callback in another browser, a second time, or with a state nobody began', async () => {
    const bench = await loginBench();
    const victim = new Browser();
    const attacker = new Browser();
    let callback = '';
    const spy = Object.assign(Object.create(attacker) as Browser, {
      ask: async (url: string, init?: RequestInit) => {
        if (url.startsWith(`${bench.url}/login/callback`)) {
          callback = url;
          return new Response('', { status: 200 });
        }
        return attacker.ask(url, init);
      },
    });
    await attacker.login.call(spy, `${bench.url}/login/corp`, 'mallory', bench.url);
    expect(callback).toContain('code=');
    expect((await victim.ask(callback)).status).toBe(400);
    // With a login of its own under way the browser has a cookie, but of another login.
    await victim.ask(`${bench.url}/login/corp`);
    expect((await victim.ask(callback)).status).toBe(400);
    expect(await me(bench, victim)).toBe(401);
    expect((await attacker.ask(callback)).status).toBe(303);
    expect((await attacker.ask(callback)).status).toBe(400);
    expect((await victim.ask(`${bench.url}/login/callback?code=x&state=y`)).status).toBe(400);
  });

  it('refuses a code that belongs to another login', async () => {
    const bench = await loginBench();
    const browser = new Browser();
    const started = await browser.ask(`${bench.url}/login/corp`);
    const state = new URL(started.headers.get('location') ?? '').searchParams.get('state') ?? '';
    const query = new URLSearchParams({ code: 'stolen', state, iss: bench.provider });
    const response = await browser.ask(`${bench.url}/login/callback?${query}`);
    expect(response.status).toBe(502);
    expect(await response.text()).not.toContain('stolen');
    expect(await me(bench, browser)).toBe(401);
  });

  it('asks for a fresh login where one is needed', async () => {
    const bench = await loginBench();
    const browser = new Browser();
    await oidcLogin(bench, browser);
    const started = await browser.ask(`${bench.url}/login/corp?again=1`);
    const query = new URL(started.headers.get('location') ?? '').searchParams;
    expect(query.get('prompt')).toBe('login');
    expect(query.get('code_challenge_method')).toBe('S256');
    const session = await bench.login.authentication.session({ headers: cookieOf(bench, browser) });
    const before = session!.actor.authenticatedAt;
    await new Promise((resolve) => setTimeout(resolve, 1100));
    await oidcLogin(bench, browser, 'ann', '?again=1');
    const after = await bench.login.authentication.session({ headers: cookieOf(bench, browser) });
    expect(after!.actor.authenticatedAt).toBeGreaterThan(before);
  });

  it('refuses an answer of the provider with an old login where a fresh one was asked for', async () => {
    const bench = await loginBench();
    const browser = new Browser();
    const { entered, forced } = await samlLogin(bench, browser, { authenticatedAt: Date.now() - 600_000 }, '?again=1');
    expect([forced, entered?.status]).toEqual([true, 403]);
    expect(await me(bench, browser)).toBe(401);
  });
});

describe('login with a SAML provider', () => {
  it('begins a session, though the post of the provider has no cookie', async () => {
    const bench = await loginBench();
    const browser = new Browser();
    const { posted, entered } = await samlLogin(bench, browser, {}, '?return_to=%2Fwaiting');
    expect(posted.headers.getSetCookie()).toEqual([]);
    expect(entered?.headers.get('location')).toBe('/waiting');
    expect(await me(bench, browser)).toEqual({ subject: 'ann', person: 'ann@corp.example', via: 'session' });
  });

  it('gives nobody else the session of the one who began', async () => {
    const bench = await loginBench();
    const victim = new Browser();
    const started = await samlLoginStart(bench);
    const response = await victim.ask(new URL(started.location, bench.url).href);
    expect(response.status).toBe(400);
    expect(await me(bench, victim)).toBe(401);
  });

  it.each([
    ['another recipient', { recipient: 'https://other.example/acs' }],
    ['another request', { inResponseTo: '_other' }],
    ['another audience', { audience: 'https://other.example' }],
    ['an unknown signature', { issuer: 'https://evil.example' }],
  ])('refuses a response for %s', async (_name, say) => {
    const bench = await loginBench();
    const browser = new Browser();
    const { posted, entered } = await samlLogin(bench, browser, say);
    expect([posted.status, entered]).toEqual([401, null]);
    expect(await me(bench, browser)).toBe(401);
  });

  it('refuses a response that nobody waits for, and one posted twice', async () => {
    const bench = await loginBench();
    const browser = new Browser();
    const stray = await browser.post(
      `${bench.url}${ACS}`,
      { SAMLResponse: 'PHg+', RelayState: 'none' },
      'https://x.example',
    );
    expect(stray.status).toBe(400);
    const { again } = await samlLoginStart(bench);
    expect((await again()).status).toBe(400);
  });

  async function samlLoginStart(bench: LoginBench) {
    const started = await new Browser().ask(`${bench.url}/login/saml-corp`);
    const target = started.headers.get('location') ?? '';
    const { id, acsUrl } = await bench.saml.readRequest(target, 'https://gateway.example/saml', `${bench.url}${ACS}`);
    const xml = bench.saml.response({ inResponseTo: id, recipient: acsUrl, destination: acsUrl });
    const fields = {
      SAMLResponse: Buffer.from(xml).toString('base64'),
      RelayState: new URL(target).searchParams.get('RelayState') ?? '',
    };
    const post = () => new Browser().post(acsUrl, fields, 'https://saml.idp.example');
    const posted = await post();
    expect(posted.status).toBe(303);
    return { location: posted.headers.get('location') ?? '', again: post };
  }
});

describe('the link of the development issuer', () => {
  it('logs a second person in, once, within ten minutes', async () => {
    const bench = await loginBench({ development: true });
    const code = await bench.development!.link({ subject: 'reviewer@localhost', groups: ['approvers'] });
    const browser = new Browser();
    const response = await browser.ask(`${bench.url}/login/dev?code=${code}`);
    expect([response.status, response.headers.get('location')]).toEqual([303, '/']);
    expect(await me(bench, browser)).toEqual({
      subject: 'reviewer@localhost',
      person: 'reviewer@localhost',
      via: 'session',
    });
    expect((await new Browser().ask(`${bench.url}/login/dev?code=${code}`)).status).toBe(401);
    const late = await bench.development!.link({ subject: 'reviewer@localhost' });
    bench.ahead += 632_000;
    expect((await new Browser().ask(`${bench.url}/login/dev?code=${late}`)).status).toBe(401);
  });

  it('is no token, and a token is no link', async () => {
    const bench = await loginBench({ development: true });
    const token = await bench.development!.mint({ audience: 'sallyport-admin' });
    expect((await new Browser().ask(`${bench.url}/login/dev?code=${token}`)).status).toBe(401);
    const code = await bench.development!.link({});
    const asToken = await fetch(`${bench.url}/admin/v1/me`, { headers: { authorization: `Bearer ${code}` } });
    expect(asToken.status).toBe(401);
  });

  it('is off where a real issuer is on', async () => {
    const bench = await loginBench();
    expect((await new Browser().ask(`${bench.url}/login/dev?code=x`)).status).toBe(404);
  });
});

describe('a personal token at the admin API', () => {
  const ask = (bench: LoginBench, token: string) =>
    fetch(`${bench.url}/admin/v1/me`, { method: 'POST', headers: { authorization: `Bearer ${token}` } });

  it('is a person, the operator token is nobody in particular, and anything else is refused', async () => {
    const bench = await loginBench({ development: true });
    const personal = await bench.development!.mint({ subject: 'reviewer@localhost', audience: 'sallyport-admin' });
    const response = await ask(bench, personal);
    expect(await response.json()).toEqual({
      actor: { subject: 'reviewer@localhost', person: 'reviewer@localhost', via: 'token' },
    });
    expect(await (await ask(bench, OPERATOR)).json()).toEqual({ actor: null });
    expect((await ask(bench, `${OPERATOR}x`)).status).toBe(401);
    expect((await ask(bench, await bench.development!.mint())).status).toBe(401);
    bench.ahead += 901_000;
    expect((await ask(bench, personal)).status).toBe(401);
  });
});

describe('the login page', () => {
  it('offers every provider, and carries where to go', async () => {
    const bench = await loginBench();
    const response = await new Browser().ask(`${bench.url}/login?return_to=/waiting&again=1`);
    const page = await response.text();
    for (const name of ['corp', 'saml-corp']) {
      expect(page).toContain(`href="/login/${name}?return_to=%2Fwaiting&amp;again=1"`);
    }
    expect(response.headers.get('content-security-policy')).toContain("default-src 'none'");
    expect(response.headers.get('content-security-policy')).toContain("frame-ancestors 'none'");
    expect((await new Browser().ask(`${bench.url}/login/nobody`)).status).toBe(404);
  });

  it('shows what a request says as text alone', async () => {
    const bench = await loginBench();
    const page = await (await new Browser().ask(`${bench.url}/login?return_to=/"><script>alert(1)</script>`)).text();
    expect(page).not.toContain('<script>');
  });
});

describe('behind https', () => {
  it('has cookies that no other host of the domain can set', async () => {
    const { createCookie } = await import('../../src/console/session_cookie.ts');
    const cookie = createCookie('session', () => true);
    const value = 'v'.repeat(43);
    expect(cookie.set(value, 60)[1]).toBe(
      `__Host-sallyport-session=${value}; Path=/; Max-Age=60; HttpOnly; SameSite=Lax; Secure`,
    );
    expect(cookie.read(`a=b; __Host-sallyport-session=${value}`)).toBe(value);
    expect(cookie.read(`sallyport-session=${value}`)).toBeNull();
    expect(cookie.read(`__Host-sallyport-session=${value}; __Host-sallyport-session=${value}`)).toBeNull();
    expect(cookie.read('__Host-sallyport-session=<x>')).toBeNull();
    expect(cookie.read(null)).toBeNull();
  });
});
