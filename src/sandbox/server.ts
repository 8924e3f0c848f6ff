import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { JsonObject } from '../model/json.ts';
import { checkVersion, parseBody } from './check.ts';
import { createCredentials } from './credentials.ts';
import { createTokenEndpoint } from './exchange.ts';
import { rateLimitHeaders } from './headers.ts';
import { freshId } from './ids.ts';
import { describeModel, findModel, listModels, MODELS } from './models.ts';
import type { Sandbox, SandboxOptions } from './options.ts';
import { envelope, Refusal } from './refusal.ts';
import { createService } from './service.ts';
import { writeStream } from './stream.ts';
import { createTap, type Tapping } from './tap.ts';

const MOST_BYTES = 32 * 1024 * 1024;
const STATIC_ORGANIZATION = '7b1f5a52-0d3c-4f0e-9a57-5a1d0c0ffee0';

/**
 * Starts the stand-in of the Claude service on loopback.
 *
 * @throws TypeError for an unknown script
 */
export async function startSandbox(options: SandboxOptions = {}): Promise<Sandbox> {
  const seed = options.seed ?? Math.floor(Math.random() * 2 ** 31);
  const models = options.models ?? MODELS;
  const organization = options.organization ?? STATIC_ORGANIZATION;
  const service = createService(seed, options.script ?? 'chat', options.secret ?? 'planted-value', models);
  const credentials = createCredentials(options.apiKeys ?? [], organization);
  const exchange = createTokenEndpoint(options.federation, credentials);
  const limits = rateLimitHeaders();
  const tap = createTap(options.keep ?? 200);
  const cuts = options.cuts ?? 'seed';

  const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const requestId = freshId('req');
    const target = request.url ?? '/';
    const body = await readBody(request);
    const tapping = tap.open(request.method ?? '', target, request.rawHeaders, body ?? Buffer.alloc(0), requestId);
    response.setHeader('request-id', requestId);
    try {
      if (!body) throw new Refusal('request_too_large', 'Request exceeds the maximum size');
      await route(request, response, body, target, tapping);
    } catch (error) {
      const refusal = error instanceof Refusal ? error : new Refusal('api_error', 'Internal server error');
      if (!(error instanceof Refusal)) options.onFault?.(error);
      if (response.headersSent) return void response.destroy();
      const headers = { 'x-should-retry': String(refusal.status >= 500), ...refusal.headers };
      sendJson(response, tapping, refusal.status, envelope(refusal.type, refusal.message, requestId), headers);
    }
  };

  const route = async (
    request: IncomingMessage,
    response: ServerResponse,
    bytes: Uint8Array,
    target: string,
    tapping: Tapping,
  ): Promise<void> => {
    const mark = target.indexOf('?');
    const path = mark < 0 ? target : target.slice(0, mark);
    const query = new URLSearchParams(mark < 0 ? '' : target.slice(mark + 1));
    const betas = betasOf(request);
    const operation = `${request.method} ${path}`;
    if (operation === 'POST /v1/oauth/token') {
      const answer = await exchange(bytes, request.headers['content-type'] ?? '', betas);
      return sendJson(response, tapping, answer.status, answer.body, { 'cache-control': 'no-store' });
    }
    const model = /^\/v1\/models(?:\/([^/]+))?$/.exec(path);
    const messages = path === '/v1/messages' || path === '/v1/messages/count_tokens';
    if (!model && !messages) throw new Refusal('not_found_error', 'Not found');
    if (request.method !== (model ? 'GET' : 'POST')) {
      throw new Refusal('invalid_request_error', 'Method Not Allowed', { allow: model ? 'GET' : 'POST' }, 405);
    }
    const apiKey = request.headers['x-api-key'];
    const owner = credentials.check(
      typeof apiKey === 'string' ? apiKey : undefined,
      request.headers.authorization,
      betas,
    );
    response.setHeader('anthropic-organization-id', owner);
    const version = request.headers['anthropic-version'];
    checkVersion(typeof version === 'string' ? version : undefined);
    if (model) {
      const name = model[1];
      const found = name === undefined ? listModels(models, query) : describeModel(findModel(models, decode(name)));
      return sendJson(response, tapping, 200, found);
    }
    const body = parseBody(bytes);
    const caller = { organization: owner, version: String(version), betas };
    if (path.endsWith('/count_tokens')) return sendJson(response, tapping, 200, service.count(body, caller));
    for (const [name, value] of limits.spend(bytes.length)) response.setHeader(name, value);
    const { answer, random } = service.answer(body, caller);
    if (body.stream === true) {
      if (answer.fault === 'cut' && answer.actions.length === 1) return void response.destroy();
      tapping.status = 200;
      response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8', 'cache-control': 'no-cache' });
      response.flushHeaders();
      return writeStream(response, answer.actions, cuts, random, tapping.sent);
    }
    if (answer.fault === 'cut') return void response.destroy();
    if (answer.fault) throw new Refusal(answer.fault.type, answer.fault.message);
    sendJson(response, tapping, 200, answer.message);
  };

  const server = createServer({ keepAliveTimeout: 60_000 }, (request, response) => {
    handle(request, response).catch((error: unknown) => {
      options.onFault?.(error);
      response.destroy();
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port ?? 0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;

  return {
    url: `http://127.0.0.1:${port}`,
    seed,
    requests: tap.requests,
    get tokensMinted() {
      return credentials.minted;
    },
    mint: (seconds = 3600) => credentials.mint(organization, seconds),
    expireTokens: () => credentials.expireAll(),
    async close() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      await closed;
    },
  };
}

/** The whole body; null where it is larger than the service takes. Rejects when the client goes away. */
async function readBody(request: IncomingMessage): Promise<Buffer | null> {
  const pieces: Buffer[] = [];
  let size = 0;
  for await (const piece of request as AsyncIterable<Buffer>) {
    size += piece.length;
    if (size <= MOST_BYTES) pieces.push(piece);
  }
  return size > MOST_BYTES ? null : Buffer.concat(pieces);
}

function sendJson(
  response: ServerResponse,
  tapping: Tapping,
  status: number,
  body: JsonObject,
  headers: Readonly<Record<string, string>> = {},
): void {
  const bytes = Buffer.from(JSON.stringify(body));
  tapping.status = status;
  tapping.sent(bytes);
  response.writeHead(status, { 'content-type': 'application/json', 'content-length': bytes.length, ...headers });
  response.end(response.req.method === 'HEAD' ? undefined : bytes);
}

function betasOf(request: IncomingMessage): ReadonlySet<string> {
  const value = request.headers['anthropic-beta'];
  const text = Array.isArray(value) ? value.join(',') : (value ?? '');
  return new Set(text.split(',').map((beta) => beta.trim()));
}

function decode(name: string): string {
  try {
    return decodeURIComponent(name);
  } catch {
    return name;
  }
}
