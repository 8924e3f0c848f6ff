/** One request as it came in on the socket, with what went out. Entity bytes, without transfer coding. */
export interface Tapped {
  readonly method: string;
  /** Path and query as sent. */
  readonly target: string;
  /** Names and values in turn, spelled as sent. */
  readonly headers: readonly string[];
  readonly bodyBytes: Uint8Array;
  /** 0 while no status has been sent. */
  readonly status: number;
  readonly requestId: string;
  /** The answer's bytes sent so far, in one piece. */
  answerBytes(): Uint8Array;
}

/** The tapped request of one exchange, while it is being filled. */
export interface Tapping {
  status: number;
  sent(piece: Uint8Array): void;
}

/** The newest requests, at most `capacity` of them and about 64 MiB of bytes. */
export interface Tap {
  readonly requests: readonly Tapped[];
  open(method: string, target: string, headers: readonly string[], bodyBytes: Uint8Array, requestId: string): Tapping;
}

const MOST_BYTES = 64 * 1024 * 1024;

/** Makes a tap that keeps the newest `capacity` requests, and 64 MiB of their bytes at most. */
export function createTap(capacity: number): Tap {
  const requests: (Tapped & Tapping & { size(): number })[] = [];
  let bytes = 0;
  return {
    requests,
    open(method, target, headers, bodyBytes, requestId) {
      const pieces: Uint8Array[] = [];
      let size = bodyBytes.length;
      const entry = {
        method,
        target,
        headers,
        bodyBytes,
        requestId,
        status: 0,
        size: () => size,
        answerBytes: () => Buffer.concat(pieces),
        sent(piece: Uint8Array) {
          if (capacity === 0) return;
          pieces.push(piece);
          size += piece.length;
          bytes += piece.length;
        },
      };
      if (capacity > 0) {
        requests.push(entry);
        bytes += size;
      }
      while (requests.length > capacity || (bytes > MOST_BYTES && requests.length > 1))
        bytes -= requests.shift()!.size();
      return entry;
    },
  };
}
