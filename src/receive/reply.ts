import type { ServerResponse } from 'node:http';
import type { Reply } from '../model/exchange.ts';

/** A stream may be silent for this long before a `ping` goes out (clients give up after minutes without bytes). */
const pingAfterMs = 15_000;
/** A caller that takes no byte of what waits for it for this long is gone, whatever its connection says. */
const stalledAfterMs = 300_000;
const pingBytes = Buffer.from('event: ping\ndata: {"type":"ping"}\n\n');

/** A `Reply` over Node's response. The names and values of headers come from our own tables and from Claude. */
export function createReply(response: ServerResponse, stalledMs = stalledAfterMs): Reply {
  let pings: NodeJS.Timeout | null = null;
  // Node ends the connection when the time is up; each byte that is taken starts it anew.
  const limitStall = () => response.socket?.setTimeout(stalledMs);
  response.on('close', () => {
    if (pings) clearInterval(pings);
  });
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
    keepAlive() {
      pings ??= setInterval(() => {
        if (!response.writableEnded && !response.destroyed) response.write(pingBytes);
      }, pingAfterMs).unref();
    },
    write(bytes) {
      pings?.refresh();
      if (response.destroyed || response.write(bytes)) return undefined;
      limitStall();
      return new Promise((resolve) => {
        const done = () => {
          response.socket?.setTimeout(0);
          response.off('drain', done);
          response.off('close', done);
          resolve();
        };
        response.on('drain', done);
        response.on('close', done);
      });
    },
    end(bytes) {
      if (pings) clearInterval(pings);
      limitStall();
      if (bytes === undefined) response.end();
      else response.end(bytes);
    },
    done() {
      if (response.writableFinished || response.destroyed) return Promise.resolve();
      return new Promise((resolve) => {
        response.once('finish', resolve);
        response.once('close', resolve);
      });
    },
    abort() {
      response.destroy();
    },
  };
}
