import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { decodeJwt } from 'jose';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { AdminClient } from '../../src/cli/admin_client.ts';
import { revokeCommand, revokeLiftCommand, revokeListCommand } from '../../src/cli/revoke.ts';
import { tokenCommand } from '../../src/cli/token.ts';
import { createDevelopmentIssuer } from '../../src/identify/index.ts';

const dataDir = mkdtempSync(join(tmpdir(), 'token-'));
beforeAll(() => createDevelopmentIssuer({ dataDir }));
afterAll(() => rmSync(dataDir, { recursive: true }));

function captured() {
  const parts: string[] = [];
  const output = new Writable({
    write(chunk, _encoding, done) {
      parts.push(String(chunk));
      done();
    },
  });
  return { output, text: () => parts.join('') };
}

function recorder(answer: object) {
  const calls: unknown[][] = [];
  const call = async (...words: unknown[]) => {
    calls.push(words);
    return answer as never;
  };
  const admin: AdminClient = {
    get: (...words) => call('get', ...words),
    post: (...words) => call('post', ...words),
    delete: (...words) => call('delete', ...words),
  };
  return { admin, calls };
}

it('token is refused where no development issuer has made a key, and makes none', async () => {
  const nowhere = join(dataDir, 'nowhere');
  await expect(tokenCommand({ dataDir: nowhere }, captured().output)).rejects.toThrow(/development issuer has run/);
  expect(existsSync(nowhere)).toBe(false);
});

it('token prints a token and nothing else', async () => {
  const { output, text } = captured();
  const options = { dataDir, subject: 'ann', function: 'nightly', group: ['a', 'b'], lifetime: '15m' };
  expect(await tokenCommand(options, output)).toBe(0);
  expect(text()).toMatch(/^[\w-]+\.[\w-]+\.[\w-]+\n$/);
  const claims = decodeJwt(text().trim());
  expect(claims).toMatchObject({ sub: 'ann', function: 'nightly', groups: ['a', 'b'] });
  expect(claims.exp! - claims.iat!).toBe(900);
});

it('token refuses a lifetime it cannot read or that is too long', async () => {
  for (const lifetime of ['', '5', '25h', '0s', 'forever', '1d', '-1h', '1e3s']) {
    await expect(tokenCommand({ dataDir, lifetime }, captured().output)).rejects.toThrow(/--lifetime/);
  }
});

it('token gives a second person a personal token that is no longer than a recent login', async () => {
  const { output, text } = captured();
  await tokenCommand({ dataDir, reviewer: true }, output);
  const claims = decodeJwt(text().trim());
  expect(claims).toMatchObject({ sub: 'reviewer@localhost', aud: 'sallyport-admin', groups: ['approvers'] });
  expect(claims.exp! - claims.iat!).toBe(900);
});

it('token prints a link to the console of the gateway that runs', async () => {
  const { output, text } = captured();
  await expect(tokenCommand({ dataDir, reviewer: true, link: true }, output)).rejects.toThrow(/No gateway has run/);
  writeFileSync(join(dataDir, 'admin.json'), JSON.stringify({ url: 'http://127.0.0.1:8788', token: 'x' }));
  await tokenCommand({ dataDir, reviewer: true, link: true }, output);
  expect(text()).toMatch(/^http:\/\/127\.0\.0\.1:8788\/login\/dev\?code=[\w-]+\.[\w-]+\.[\w-]+\n$/);
  await expect(tokenCommand({ dataDir, link: true }, output)).rejects.toThrow(/--reviewer/);
});

const entry = { id: 'abc', kind: 'sub', value: 'svc\u001b[2J', issuer: '', until: null };

it('revoke posts what is named, and only one thing at a time', async () => {
  const { admin, calls } = recorder(entry);
  const { output, text } = captured();
  await revokeCommand({ subject: 'svc' }, admin, output);
  await revokeCommand({ jti: 't', issuer: 'https://i', until: '2099-01-01T01:00:00+01:00' }, admin, output);
  await revokeCommand({ session: 's' }, admin, output);
  const path = '/admin/v1/revocations';
  expect(calls).toEqual([
    ['post', path, { kind: 'sub', value: 'svc', issuer: '', until: null }],
    ['post', path, { kind: 'jti', value: 't', issuer: 'https://i', until: '2099-01-01T00:00:00.000Z' }],
    ['post', path, { kind: 'sid', value: 's', issuer: '', until: null }],
  ]);
  expect(text()).toContain('revoked abc sub "svc\\u001b[2J" of any issuer, for good\n');
  for (const options of [{}, { subject: 'a', jti: 'b' }, { subject: 'a', until: 'soon' }]) {
    await expect(revokeCommand(options, admin, output)).rejects.toThrow();
  }
  expect(calls).toHaveLength(3);
});

it('revoke list prints one a line or JSON, revoke lift takes one back', async () => {
  const { admin, calls } = recorder({ revocations: [entry] });
  const [lines, json] = [captured(), captured()];
  await revokeListCommand({}, admin, lines.output);
  await revokeListCommand({ json: true }, admin, json.output);
  expect(lines.text()).toBe('abc sub "svc\\u001b[2J" of any issuer, for good\n');
  expect(JSON.parse(json.text())).toEqual([entry]);
  await revokeLiftCommand('a/b', admin, lines.output);
  expect(calls.at(-1)).toEqual(['delete', '/admin/v1/revocations/a%2Fb']);
});
