import { createServer } from 'node:http';
import type { Sandbox } from '../../src/sandbox/index.ts';

/**
 * A token endpoint before the sandbox's own, whose bearers live as briefly as a test needs (the real one gives 60 s at
 * least): it lets the sandbox check the JWT and everything else, and on success mints a shorter bearer there.
 */
export interface TokenFront {
  readonly url: string;
  /** Seconds that a bearer lives, as the gateway is told. */
  life: number;
  /** How many times faster the gateway's clock runs than the sandbox's. */
  speed: number;
  broken: boolean;
  readonly bearers: string[];
  /** The claims of each JWT that the sandbox accepted. */
  readonly claims: { readonly [name: string]: unknown }[];
  readonly assertions: string[];
  close(): Promise<void>;
}

export async function startTokenFront(sandbox: Sandbox): Promise<TokenFront> {
  const server = createServer(async (request, response) => {
    const chunks: Uint8Array[] = [];
    for await (const chunk of request) chunks.push(chunk as Uint8Array);
    if (front.broken) {
      response.writeHead(500).end('{"error":"server_error"}');
      return;
    }
    const text = Buffer.concat(chunks).toString('utf8');
    const answer = await fetch(`${sandbox.url}/v1/oauth/token`, {
      method: 'POST',
      headers: {
        'content-type': request.headers['content-type'] ?? '',
        'anthropic-beta': String(request.headers['anthropic-beta'] ?? ''),
      },
      body: text,
    });
    const granted = (await answer.json()) as { readonly [name: string]: unknown };
    response.writeHead(answer.status, { 'content-type': 'application/json' });
    if (answer.status !== 200) {
      response.end(JSON.stringify(granted));
      return;
    }
    const { assertion } = JSON.parse(text) as { readonly assertion: string };
    front.assertions.push(assertion);
    front.claims.push(JSON.parse(Buffer.from(assertion.split('.')[1] ?? '', 'base64url').toString('utf8')));
    const bearer = sandbox.mint(front.life / front.speed);
    front.bearers.push(bearer);
    response.end(JSON.stringify({ ...granted, access_token: bearer, expires_in: front.life }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { readonly port: number };
  const front: TokenFront = {
    url: `http://127.0.0.1:${port}/v1/oauth/token`,
    life: 60,
    speed: 1,
    broken: false,
    bearers: [],
    claims: [],
    assertions: [],
    async close() {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
    },
  };
  return front;
}
