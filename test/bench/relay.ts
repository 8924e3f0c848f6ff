/** The yardstick, a process of its own: a bare `node:http` server that streams through an undici pool and does nothing. */
import { createServer, type ServerResponse } from 'node:http';
import { type Dispatcher, Pool } from 'undici';

const pool = new Pool(process.argv[2] ?? '', { connections: 128, pipelining: 1 });

/** Streams an upstream answer into `response`, with backpressure. */
function relayInto(response: ServerResponse): Dispatcher.DispatchHandler {
  let upstream: Dispatcher.DispatchController;
  response.on('close', () => {
    if (!response.writableEnded) upstream?.abort(new Error('the client is gone'));
  });
  response.on('drain', () => upstream?.resume());
  return {
    onRequestStart(controller) {
      upstream = controller;
    },
    onResponseStart(_controller, status, headers) {
      response.writeHead(status, headers);
    },
    onResponseData(controller, chunk) {
      if (!response.write(chunk)) controller.pause();
    },
    onResponseEnd() {
      response.end();
    },
    onResponseError() {
      response.destroy();
    },
  };
}

const server = createServer((request, response) => {
  const { host: _host, connection: _connection, ...headers } = request.headers;
  pool.dispatch({ path: request.url ?? '/', method: 'POST', headers, body: request }, relayInto(response));
});

server.listen(0, '127.0.0.1', () => {
  const address = server.address();
  if (typeof address === 'object') process.send?.({ url: `http://127.0.0.1:${address?.port}` });
});
process.on('message', () => process.send?.(process.cpuUsage()));
process.on('disconnect', () => process.exit(0));
