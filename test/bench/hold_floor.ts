/** The least that holds a request: Node's own server, which keeps body and response and does nothing else. */
import { createServer, type ServerResponse } from 'node:http';
import { memory } from './memory.ts';

if (process.send !== undefined) {
  const held = new Map<ServerResponse, Buffer>();
  const server = createServer(async (request, response) => {
    const pieces: Buffer[] = [];
    for await (const piece of request) pieces.push(piece as Buffer);
    held.set(response, pieces.length === 1 ? pieces[0]! : Buffer.concat(pieces));
    response.on('close', () => held.delete(response));
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.flushHeaders();
  });
  process.on('message', () => process.send?.(memory()));
  process.on('disconnect', () => process.exit(0));
  server.listen(0, '127.0.0.1', () => {
    const address = server.address();
    if (typeof address === 'object') process.send?.({ url: `http://127.0.0.1:${address?.port}` });
  });
}
