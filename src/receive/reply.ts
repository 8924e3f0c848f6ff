import type { ServerResponse } from 'node:http';
import type { Reply } from '../model/exchange.ts';

/** A stream may be silent for this long before a `ping` goes out (clients give up after minutes without bytes). */
const pingAfterMs = 15_000;
/** A caller that takes no byte of what waits for it for this long is gone, whatever its connection says. */
const stalledAfterMs = 300_000;
const pingBytes = Buffer.from('event: ping\ndata: {"type":"ping"}\n\n');

/** A `Reply` over Node's response. The names and values of headers come from our own tables and from Claude. */
export class ResponseReply implements Reply {
  readonly #response: ServerResponse;
  readonly #stalledMs: number;
  #pings: NodeJS.Timeout | null = null;

  /** @param gone aborted when the caller leaves before the end */
  constructor(response: ServerResponse, gone: AbortController, stalledMs = stalledAfterMs) {
    this.#response = response;
    this.#stalledMs = stalledMs;
    const over = () => {
      this.#stopPings();
      if (!response.writableFinished) gone.abort();
    };
    response.on('close', over);
    // Without a listener an error on a socket that the client reset would end the process.
    response.on('error', over);
  }

  get begun(): boolean {
    return this.#response.headersSent;
  }

  get status(): number {
    return this.#response.headersSent ? this.#response.statusCode : 0;
  }

  begin(status: number, headers: readonly (readonly [name: string, value: string])[]): void {
    if (this.#response.destroyed) return;
    const flat: string[] = [];
    for (const [name, value] of headers) flat.push(name, value);
    this.#response.writeHead(status, flat);
  }

  flush(): void {
    if (!this.#response.destroyed) this.#response.flushHeaders();
  }

  keepAlive(): void {
    this.#pings ??= setInterval(ping, pingAfterMs, this).unref();
  }

  ping(): void {
    if (!this.#response.writableEnded && !this.#response.destroyed) this.#response.write(pingBytes);
  }

  write(bytes: Uint8Array): Promise<void> | undefined {
    this.#pings?.refresh();
    const response = this.#response;
    if (response.destroyed || response.write(bytes)) return undefined;
    this.#limitStall();
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
  }

  end(bytes?: Uint8Array): void {
    this.#stopPings();
    this.#limitStall();
    if (bytes === undefined) this.#response.end();
    else this.#response.end(bytes);
  }

  done(): Promise<void> {
    const response = this.#response;
    if (response.writableFinished || response.destroyed) return Promise.resolve();
    return new Promise((resolve) => {
      response.once('finish', resolve);
      response.once('close', resolve);
    });
  }

  abort(): void {
    this.#response.destroy();
  }

  /** Node ends the connection when the time is up; each byte that is taken starts it anew. */
  #limitStall(): void {
    this.#response.socket?.setTimeout(this.#stalledMs);
  }

  #stopPings(): void {
    if (this.#pings) clearInterval(this.#pings);
    this.#pings = null;
  }
}

function ping(reply: ResponseReply): void {
  reply.ping();
}
