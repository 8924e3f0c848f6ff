/** One answer as it was read. */
export interface Answer {
  readonly status: number;
  /** Body bytes, chunk framing taken out. */
  readonly bytes: number;
  /** Blank lines (`\n\n`) in the body, which is the number of events in a stream. */
  readonly events: number;
}

const lineFeed = 10;

/**
 * Reads HTTP/1.1 answers from the bytes of one kept-alive connection, as cheaply as a load generator needs: length by
 * `content-length` or chunks. Calls `onAnswer` at the end of each. Throws on what it does not know.
 */
export function createReader(onAnswer: (answer: Answer) => void): (bytes: Buffer) => void {
  let pending: Buffer = Buffer.alloc(0);
  let state: 'head' | 'body' | 'size' | 'chunk' | 'chunk_end' | 'trailer' = 'head';
  let left = 0;
  let status = 0;
  let bytes = 0;
  let events = 0;
  let last = 0;

  const line = (): string | null => {
    const end = pending.indexOf('\r\n');
    if (end < 0) return null;
    const text = pending.toString('latin1', 0, end);
    pending = pending.subarray(end + 2);
    return text;
  };
  const consume = () => {
    const piece = pending.subarray(0, Math.min(left, pending.length));
    for (let at = piece.indexOf(lineFeed); at >= 0; at = piece.indexOf(lineFeed, at + 1)) {
      if ((at === 0 ? last : piece[at - 1]) === lineFeed) events++;
    }
    if (piece.length > 0) last = piece[piece.length - 1]!;
    bytes += piece.length;
    left -= piece.length;
    pending = pending.subarray(piece.length);
    return left === 0;
  };
  const finish = () => {
    state = 'head';
    onAnswer({ status, bytes, events });
  };
  const begin = (): boolean => {
    const end = pending.indexOf('\r\n\r\n');
    if (end < 0) return false;
    const head = pending.toString('latin1', 0, end).toLowerCase();
    pending = pending.subarray(end + 4);
    status = Number(head.slice(9, 12));
    [bytes, events, last] = [0, 0, 0];
    const length = /\r\ncontent-length: *(\d+)/.exec(head);
    if (length !== null) [state, left] = ['body', Number(length[1])];
    else if (/\r\ntransfer-encoding: *chunked/.test(head)) state = 'size';
    else throw new Error(`an answer without a length: ${head}`);
    return true;
  };
  /** Takes one step; false when it needs more bytes. */
  const step = (): boolean => {
    if (state === 'head') return begin();
    if (state === 'body' || state === 'chunk') {
      if (!consume()) return false;
      if (state === 'body') finish();
      else state = 'chunk_end';
      return true;
    }
    const text = line();
    if (text === null) return false;
    if (state === 'size') {
      left = Number.parseInt(text, 16);
      state = left === 0 ? 'trailer' : 'chunk';
    } else if (state === 'chunk_end') state = 'size';
    else if (text === '') finish();
    return true;
  };

  return (more) => {
    pending = pending.length === 0 ? more : Buffer.concat([pending, more]);
    while (step()) {
      // Each step consumes what it can.
    }
  };
}
