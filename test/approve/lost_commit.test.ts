import { type AddressInfo, createConnection, createServer, type Server, type Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type PostgresServer, postgresOrSkip, startPostgres } from '../servers/postgres.ts';
import { type Bench, granted, openBench, question } from './support.ts';

/* PostgreSQL does what it was asked, and the connection breaks before it says so. */

const { folder, reason } = postgresOrSkip();

describe.skipIf(folder === null)(`a commit whose answer is lost${folder === null ? `: ${reason}` : ''}`, () => {
  let postgres: PostgresServer;
  let relay: Server;
  let bench: Bench;
  let armed = false;

  beforeAll(async () => {
    postgres = await startPostgres(folder!);
    const target = new URL(await postgres.database());
    const port = Number(target.port);
    relay = createServer((near) => {
      const far = createConnection(port, '127.0.0.1');
      const both: readonly Socket[] = [near, far];
      const cut = () => {
        for (const socket of both) socket.destroy();
      };
      for (const socket of both) socket.on('error', cut).on('close', cut);
      near.on('data', (bytes) => {
        if (armed && bytes.includes('commit')) {
          armed = false;
          far.removeAllListeners('data').once('data', cut);
        }
        far.write(bytes);
      });
      far.on('data', (bytes) => near.write(bytes));
    });
    await new Promise<void>((resolve) => relay.listen(0, '127.0.0.1', resolve));
    target.port = String((relay.address() as AddressInfo).port);
    bench = await openBench({ url: target.href });
  }, 60_000);
  afterAll(async () => {
    await bench?.close();
    relay?.close();
    await postgres?.close();
  });

  it.each(['once', 'session'] as const)('does not keep a grant (%s) from being used later', async (scope) => {
    const asked = question(`rm ${scope}`);
    await bench.approve(await bench.desk.ask(asked), 'ann', { scope });
    const standing = granted(await bench.desk.ask(asked));
    armed = true;
    await expect(bench.desk.take(standing, asked, 'req_lost')).rejects.toMatchObject({ code: 'STATE_UNAVAILABLE' });
    expect(armed).toBe(false);
    await bench.desk.sweep();
    const again = granted(await bench.desk.ask(asked));
    const held = await bench.desk.take(again, asked, 'req_again');
    await held!.settle('delivered');
    expect(bench.kinds().slice(-3)).toEqual(['grant.returned', 'grant.taken', 'grant.spent']);
  });
});
