import { afterAll, beforeAll, expect, it } from 'vitest';
import { GatewayError } from '../../src/errors.ts';
import { createAdminServer } from '../../src/receive/index.ts';

const refused: { readonly id: string; readonly detail: string | null }[] = [];
const server = createAdminServer({
  authenticate: async () => {
    throw new GatewayError('TOKEN_INVALID', undefined, { detail: 'token refused: audience' });
  },
  web: { answer: async () => false },
  routes: [],
  readiness: () => ({}),
  metrics: async () => ({ contentType: 'text/plain', text: '' }),
  onFault: () => undefined,
  onRefused: (id, { detail }) => refused.push({ id, detail }),
});
let url: string;
beforeAll(async () => {
  url = await server.listen('127.0.0.1', 0);
});
afterAll(() => server.close());

it('tells why a token was refused under the id that the caller gets, and the caller not to try again', async () => {
  const answer = await fetch(`${url}/v1/messages`, { method: 'POST', headers: { authorization: 'Bearer x' } });
  expect(answer.status).toBe(401);
  expect(answer.headers.get('x-should-retry')).toBe('false');
  expect(refused).toEqual([{ id: answer.headers.get('request-id'), detail: 'token refused: audience' }]);
});
