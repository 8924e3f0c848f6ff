import { afterAll, beforeAll, expect, it } from 'vitest';
import { GatewayError } from '../../src/errors.ts';
import { createAdminServer, createWeb, type PortServer } from '../../src/receive/index.ts';

const broken = async () => {
  throw new TypeError('this broke');
};
const faults: [Error, string | undefined][] = [];
const refused: [string, string | null][] = [];
const onFault = (error: Error, request?: string) => void faults.push([error, request]);
let server: PortServer;
let url: string;

beforeAll(async () => {
  server = createAdminServer({
    authenticate: async ({ headers }) => {
      if (headers.get('authorization') === 'Bearer operator') return { kind: 'operator' };
      throw new GatewayError('TOKEN_INVALID', undefined, { detail: 'token refused: audience' });
    },
    web: createWeb([{ method: 'GET', path: '/page', maxBytes: 0, handler: broken }], onFault),
    routes: [{ method: 'GET', path: '/admin/v1/broken', handler: broken }],
    readiness: () => ({}),
    metrics: async () => ({ contentType: 'text/plain', text: '' }),
    onFault,
    onRefused: (request, { detail }) => refused.push([request, detail]),
  });
  url = await server.listen('127.0.0.1', 0);
});
afterAll(() => server.close());

it('tells why a token was refused under the id that the caller gets, and the caller not to try again', async () => {
  const answer = await fetch(`${url}/v1/messages`, { method: 'POST', headers: { authorization: 'Bearer x' } });
  expect(answer.status).toBe(401);
  expect(answer.headers.get('x-should-retry')).toBe('false');
  expect(refused).toEqual([[answer.headers.get('request-id'), 'token refused: audience']]);
});

it.each(['/admin/v1/broken', '/page'])('tells a fault of %s under the request id that its caller has', async (path) => {
  const response = await fetch(url + path, { headers: { authorization: 'Bearer operator' } });
  expect(response.status).toBe(500);
  const { code, message } = ((await response.json()) as { error: { code: string; message: string } }).error;
  expect([code, message]).toEqual(['INTERNAL', expect.not.stringContaining('this broke')]);
  const [error, request] = faults.pop()!;
  expect(request).toBe(response.headers.get('request-id'));
  expect(error).toBeInstanceOf(GatewayError);
  expect(error).toMatchObject({ detail: 'TypeError: this broke', cause: expect.any(TypeError) });
});
