import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type PostgresServer, postgresOrSkip, startPostgres } from '../servers/postgres.ts';
import { bob, credential, type Node, openNode } from './support.ts';

const { folder, reason } = postgresOrSkip();
const secret = credential(1);

describe.each(['sqlite', 'postgres'] as const)('released texts on %s', (kind) => {
  const skipped = kind === 'postgres' && folder === null;
  describe.skipIf(skipped)(`(${skipped ? reason : 'real'})`, () => {
    let server: PostgresServer | null = null;
    let node: Node;
    let time = Date.now();

    beforeAll(async () => {
      if (kind === 'postgres') server = await startPostgres(folder!);
    });
    afterAll(() => server?.close());
    beforeEach(async () => {
      const now = () => time;
      node = await openNode(server ? { url: await server.database(), now } : { now });
    });
    afterEach(() => node.close());

    const newOf = async (...asked: Parameters<Node['ask']>) => (await node.ask(...asked)).detections.new;

    it('are new after the last assistant message, forwarded or not', async () => {
      const first = await node.ask([`key ${secret}`]);
      expect(first.detections.new).toEqual({ user: { credential: 1 } });
      await node.contents.forwarded(first);
      expect(await newOf([`key ${secret}`])).toEqual({ user: { credential: 1 } });
    });

    it('are new in earlier messages until a request with them was forwarded', async () => {
      const turns = [`key ${secret}`, 'seen', 'go on'];
      expect(await newOf(turns)).toEqual({ user: { credential: 1 } });
      await node.contents.forwarded(await node.ask(turns));
      expect(await newOf(turns)).toEqual({});
      expect((await node.ask(turns)).detections.all).toEqual({ credential: 1 });
    });

    it('are each counted by their origin, also outside of the messages', async () => {
      const result = [{ type: 'tool_result', tool_use_id: 't', content: `result ${secret}` }];
      const call = [{ type: 'tool_use', id: 't', name: 'Bash', input: { command: `echo ${secret}` } }];
      const turns = ['hi', call, result, 'done', 'next'];
      const more = { system: `system ${secret}` };
      const counts = { system: { credential: 1 }, assistant: { credential: 1 }, tool_result: { credential: 1 } };
      expect(await newOf(turns, { more })).toEqual(counts);
      await node.contents.forwarded(await node.ask(turns, { more }));
      expect(await newOf(turns, { more })).toEqual({});
      expect(await newOf(turns, { more: { system: `other ${secret}` } })).toEqual({ system: { credential: 1 } });
    });

    it('are not released by a refused request, nor by counting tokens', async () => {
      const turns = [`key ${secret}`, 'seen', 'go on'];
      await node.ask(turns);
      const counting = await node.ask(turns, { action: 'messages.count_tokens' });
      expect(node.contents.forwarded(counting)).toBeUndefined();
      expect(await newOf(turns)).toEqual({ user: { credential: 1 } });
    });

    it('are released for the principal alone', async () => {
      const turns = [`key ${secret}`, 'seen', 'go on'];
      await node.contents.forwarded(await node.ask(turns));
      expect(await newOf(turns, { principal: bob })).toEqual({ user: { credential: 1 } });
    });

    it('cost the store nothing where nothing is found, or nothing is new to it', async () => {
      const clean = await node.ask(['hello', 'hi', 'go on']);
      expect(node.contents.forwarded(clean)).toBeUndefined();
      const turns = [`key ${secret}`, 'seen', 'go on'];
      await node.contents.forwarded(await node.ask(turns));
      expect(node.contents.forwarded(await node.ask(turns))).toBeUndefined();
    });

    it('end, and last longer where they are forwarded again', async () => {
      const day = 24 * 3600_000;
      const turns = [`key ${secret}`, 'seen', 'go on'];
      await node.contents.forwarded(await node.ask(turns));
      time += 50 * day;
      await node.contents.forwarded(await node.ask(turns));
      time += 50 * day;
      expect(await newOf(turns)).toEqual({});
      time += 61 * day;
      expect(await newOf(turns)).toEqual({ user: { credential: 1 } });
    });

    describe('that humans approved', () => {
      const prompt = `please use ${secret}\nto log in`;

      const approve = async () => {
        const exchange = await node.ask([prompt]);
        await node.contents.release(exchange.identity.principal, node.contents.marksOf(exchange));
      };

      it('are released in earlier messages, also inside longer ones', async () => {
        await approve();
        expect(await newOf([`He said: ${prompt}!`, 'seen', 'go on'])).toEqual({});
        expect(await newOf([`He said: ${prompt}! And ${credential(2)}`, 'seen', 'go on'])).toEqual({
          user: { credential: 1 },
        });
        expect(await newOf([`He said: use ${secret}`, 'seen', 'go on'])).toEqual({ user: { credential: 1 } });
      });

      it('are asked about again where they come alone, or in the conversation itself', async () => {
        await approve();
        expect(await newOf([prompt])).toEqual({ user: { credential: 1 } });
        expect(await newOf([`${prompt}, now`])).toEqual({ user: { credential: 1 } });
        expect(await newOf([prompt], { class: 'auxiliary' })).toEqual({ user: { credential: 1 } });
      });

      it('pass in titles and summaries, which only repeat them', async () => {
        const title = [`<session>\n${prompt}\n</session>`];
        expect(await newOf(title, { class: 'auxiliary' })).toEqual({ user: { credential: 1 } });
        await approve();
        expect(await newOf(title, { class: 'auxiliary' })).toEqual({});
        expect(await newOf(title, { class: 'auxiliary', principal: bob })).toEqual({ user: { credential: 1 } });
      });
    });

    it('leave nothing of a text or a principal in the store', async () => {
      const exchange = await node.ask([`key ${secret}`]);
      await node.contents.forwarded(exchange);
      await node.contents.release(exchange.identity.principal, node.contents.marksOf(exchange));
      const query = node.store.query<{ released_text: object; approved_text: object }>();
      const rows = JSON.stringify([
        await query.selectFrom('released_text').selectAll().execute(),
        await query.selectFrom('approved_text').selectAll().execute(),
      ]);
      expect(rows).toMatch(/"mark"/);
      for (const word of ['alice', 'sk-', 'key ']) expect(rows).not.toContain(word);
    });

    it('refuse a mark that is none', async () => {
      await expect(node.contents.release(bob, ['x'])).rejects.toThrow(TypeError);
    });
  });
});
