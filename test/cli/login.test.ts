import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { afterEach, describe, expect, it } from 'vitest';
import { loginCommand, loginToken, logoutCommand, type Surroundings } from '../../src/cli/login.ts';
import { loginPath } from '../../src/cli/login_file.ts';
import { StartError } from '../../src/errors.ts';

const closers: (() => unknown)[] = [];
afterEach(() => {
  for (const close of closers.splice(0).reverse()) close();
});

type Answers = (path: string, fields: URLSearchParams) => object;

/** A data port that answers as a test says; the real one is in test/e2e. */
async function port(
  answers: Answers,
  status: (body: object) => number = (body) => ('error' in body ? 400 : 200),
): Promise<string> {
  const server = createServer(async (message: IncomingMessage, response) => {
    let text = '';
    for await (const chunk of message) text += String(chunk);
    const body = answers(message.url ?? '', new URLSearchParams(text));
    response.writeHead(status(body), { 'content-type': 'application/json' }).end(JSON.stringify(body));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closers.push(() => server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

function home() {
  const folder = mkdtempSync(join(tmpdir(), 'home-'));
  closers.push(() => rmSync(folder, { recursive: true }));
  const waits: number[] = [];
  const around: Surroundings = { env: { XDG_CONFIG_HOME: folder }, wait: async (ms) => void waits.push(ms) };
  let text = '';
  const output = new Writable({
    write(chunk, _encoding, done) {
      text += String(chunk);
      done();
    },
  });
  return { around, waits, output, path: loginPath(around.env), text: () => text };
}

const device = {
  device_code: 'd',
  user_code: 'BCDF-GHJK',
  verification_uri_complete: 'https://console.example/device?code=BCDF-GHJK',
  interval: 5,
};

/** Gives the answers to polls one after the other. */
function polls(...errors: readonly string[]): Answers {
  const left = [...errors];
  return (path, fields) => {
    if (path === '/oauth/device_authorization') return device;
    if (fields.get('grant_type') === 'refresh_token') {
      return fields.get('refresh_token') === 'login_s' ? { access_token: 'fresh.token.1' } : { error: 'invalid_grant' };
    }
    const error = left.shift();
    return error ? { error } : { access_token: 'a', refresh_token: 'login_s', login_expires_in: 3600 };
  };
}

describe('sallyport login', () => {
  it('shows where to let it in, waits as it is told, and keeps the login owner-only', async () => {
    const gateway = await port(polls('authorization_pending', 'slow_down', 'authorization_pending'));
    const { around, waits, output, path, text } = home();
    expect(await loginCommand({ gateway: `${gateway}/`, name: 'laptop' }, output, around)).toBe(0);
    expect(text()).toContain('https://console.example/device?code=BCDF-GHJK');
    expect(waits).toEqual([5000, 5000, 10_000, 10_000]);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(text()).not.toContain('login_s');
    expect(await loginToken({ gateway }, around)).toBe('fresh.token.1');
  });

  it.each([
    ['access_denied', /refused in the console/],
    ['expired_token', /ten minutes/],
    ['invalid_client', /invalid_client/],
  ])('ends where the gateway says %s', async (error, message) => {
    const gateway = await port(polls(error));
    const { around, output, path } = home();
    await expect(loginCommand({ gateway }, output, around)).rejects.toThrow(message);
    expect(existsSync(path)).toBe(false);
  });

  it('lets no answer move the cursor of the terminal', async () => {
    const evil = { ...device, user_code: 'A\u001b[2J', verification_uri_complete: 'https://x\u202e' };
    const gateway = await port((path, fields) => (path.endsWith('ization') ? evil : polls()(path, fields)));
    const { around, output, text } = home();
    await loginCommand({ gateway }, output, around);
    expect(text()).not.toMatch(/[\u001b\u202e]/);
  });

  it('keeps one login for each gateway, and forgets it at logout, there too', async () => {
    const revoked: string[] = [];
    const answers: Answers = (path, fields) => {
      if (path !== '/oauth/revoke') return polls()(path, fields);
      revoked.push(fields.get('token') ?? '');
      return {};
    };
    const [one, two] = [await port(answers), await port(answers)];
    const { around, output } = home();
    await loginCommand({ gateway: one }, output, around);
    await loginCommand({ gateway: two }, output, around);
    await logoutCommand({ gateway: one }, output, around);
    expect(revoked).toEqual(['login_s']);
    await expect(loginToken({ gateway: one }, around)).rejects.toThrow(/There is no login/);
    expect(await loginToken({ gateway: two }, around)).toBe('fresh.token.1');
    expect(await logoutCommand({ gateway: one }, output, around)).toBe(0);
  });
});

describe('sallyport token --login', () => {
  it('says what to do where there is no login, it is over, or it cannot be read', async () => {
    const gateway = await port(polls());
    const { around, output, path } = home();
    await expect(loginToken({ gateway }, around)).rejects.toThrow(`Run: sallyport login --gateway ${gateway}`);
    await loginCommand({ gateway }, output, around);
    writeFileSync(path, readFileSync(path, 'utf8').replace('login_s', 'login_old'));
    await expect(loginToken({ gateway }, around)).rejects.toThrow(/is over/);
    chmodSync(path, 0o644);
    await expect(loginToken({ gateway }, around)).rejects.toThrow(/open to other users/);
    chmodSync(path, 0o600);
    writeFileSync(path, 'no json');
    await expect(loginToken({ gateway }, around)).rejects.toThrow(/cannot be read/);
  });

  it('sends the secret to https or this machine alone', async () => {
    const { around } = home();
    for (const gateway of [
      'http://gateway.example',
      'ftp://x',
      'https://u:p@x.example',
      'x',
      'http://127.0.0.1.evil.example',
    ]) {
      await expect(loginToken({ gateway }, around)).rejects.toThrow(/--gateway/);
    }
  });

  it('reports what is no gateway', async () => {
    const { around, output } = home();
    const other = await port(
      () => ({ type: 'error', hello: 1 }),
      () => 404,
    );
    await expect(loginCommand({ gateway: other }, output, around)).rejects.toThrow(/answered 404/);
    await expect(loginCommand({ gateway: 'http://127.0.0.1:1' }, output, around)).rejects.toThrow(StartError);
  });
});
