import type { ServerResponse } from 'node:http';
import type { Reply } from '../model/exchange.ts';

/** A `Reply` over Node's response. The names and values of headers come from our own tables and from Claude. */
export function createReply(response: ServerResponse): Reply {
  return {
    get begun() {
      return response.headersSent;
    },
    get status() {
      return response.headersSent ? response.statusCode : 0;
    },
    begin(status, headers) {
      if (response.destroyed) return;
      const flat: string[] = [];
      for (const [name, value] of headers) flat.push(name, value);
      response.writeHead(status, flat);
    },
    flush() {
      if (!response.destroyed) response.flushHeaders();
    },
    write(bytes) {
      if (response.destroyed || response.write(bytes)) return undefined;
      return new Promise((resolve) => {
        const done = () => {
          response.off('drain', done);
          response.off('close', done);
          resolve();
        };
        response.on('drain', done);
        response.on('close', done);
      });
    },
    end(bytes) {
      if (bytes === undefined) response.end();
      else response.end(bytes);
    },
    abort() {
      response.destroy();
    },
  };
}
