/** The upstream of the benchmark, a process of its own: answers at once, whole or as a stream with a write an event. */
import { createServer, type Socket } from 'node:net';
import { streamedAnswer, wholeAnswer } from './exchange.ts';

const whole = answer('application/json', `content-length: ${Buffer.byteLength(wholeAnswer())}`, wholeAnswer());
const streamHead = answer('text/event-stream; charset=utf-8', 'transfer-encoding: chunked', '');
const chunks = streamedAnswer().map((event) => Buffer.from(`${Buffer.byteLength(event).toString(16)}\r\n${event}\r\n`));
const streamEnd = Buffer.from('0\r\n\r\n');

function answer(type: string, length: string, body: string): Buffer {
  return Buffer.from(`HTTP/1.1 200 OK\r\ncontent-type: ${type}\r\nrequest-id: req_bench\r\n${length}\r\n\r\n${body}`);
}

/** One write a turn of the event loop, so that a proxy reads them apart, as from a model that writes words. */
function stream(socket: Socket): void {
  socket.write(streamHead);
  let next = 0;
  const write = () => {
    const chunk = chunks[next++];
    socket.write(chunk ?? streamEnd);
    if (chunk !== undefined && !socket.destroyed) setImmediate(write);
  };
  setImmediate(write);
}

const server = createServer({ noDelay: true }, (socket) => {
  let pending: Buffer = Buffer.alloc(0);
  socket.on('error', () => socket.destroy());
  socket.on('data', (bytes: Buffer) => {
    pending = pending.length === 0 ? bytes : Buffer.concat([pending, bytes]);
    for (;;) {
      const end = pending.indexOf('\r\n\r\n');
      if (end < 0) return;
      const length = Number(/\r\ncontent-length: *(\d+)/i.exec(pending.toString('latin1', 0, end))?.[1] ?? Number.NaN);
      if (Number.isNaN(length)) {
        socket.destroy(new Error('a request without content-length'));
        return;
      }
      if (pending.length < end + 4 + length) return;
      const body = pending.subarray(end + 4, end + 4 + length);
      pending = pending.subarray(end + 4 + length);
      if (body.includes('"stream":true')) stream(socket);
      else socket.write(whole);
    }
  });
});

server.listen(0, '127.0.0.1', () => {
  const address = server.address();
  if (typeof address === 'object') process.send?.({ url: `http://127.0.0.1:${address?.port}` });
});
process.on('disconnect', () => process.exit(0));
