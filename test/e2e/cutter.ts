import { type AddressInfo, createConnection, createServer, type Socket } from 'node:net';

/** A TCP relay that breaks connections, and whose target may move while clients keep its address. */
export interface Cutter {
  readonly url: string;
  /** Connections from now on go there. */
  retarget(url: string): void;
  /** Resets every connection. */
  cutAll(): void;
  /** Resets the next connection once so many bytes of answers have come through; answers before them pass. */
  cutNextAfter(bytes: number): void;
  /** Connections that are open at the moment. */
  readonly open: number;
  close(): Promise<void>;
}

/** Puts a cutter in front of an `http://127.0.0.1:PORT` URL. */
export async function startCutter(target: string): Promise<Cutter> {
  let port = Number(new URL(target).port);
  let limit: number | null = null;
  const pairs = new Set<() => void>();
  const server = createServer((near) => {
    const far = createConnection(port, '127.0.0.1');
    const most = limit ?? Number.POSITIVE_INFINITY;
    limit = null;
    let passed = 0;
    const cut = () => {
      pairs.delete(cut);
      near.resetAndDestroy();
      far.resetAndDestroy();
    };
    pairs.add(cut);
    for (const socket of [near, far] as Socket[]) {
      socket.setNoDelay(true);
      socket.on('error', () => undefined);
      socket.on('close', () => {
        pairs.delete(cut);
        near.destroy();
        far.destroy();
      });
    }
    near.pipe(far);
    far.on('data', (bytes: Buffer) => {
      const piece = bytes.subarray(0, Math.max(0, most - passed));
      passed += bytes.length;
      if (passed < most) near.write(piece);
      else near.write(piece, cut);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    retarget: (url) => {
      port = Number(new URL(url).port);
    },
    cutAll: () => {
      for (const cut of [...pairs]) cut();
    },
    cutNextAfter: (bytes) => {
      limit = bytes;
    },
    get open() {
      return pairs.size;
    },
    close: () =>
      new Promise((resolve) => {
        for (const cut of [...pairs]) cut();
        server.close(() => resolve());
      }),
  };
}
