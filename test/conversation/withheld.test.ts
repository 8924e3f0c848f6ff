import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { withheldNotice } from '../../src/conversation/withheld_index.ts';
import type { Scanned } from '../../src/model/exchange.ts';
import { type PostgresServer, postgresOrSkip, startPostgres } from '../servers/postgres.ts';
import { alice, bob, credential, type Node, openNode, sent } from './support.ts';

const { folder, reason } = postgresOrSkip();
const secret = credential(1);
const prompt = `use ${secret}\nto log in`;
const reminder = '<system-reminder>\nBe kind.\n</system-reminder>\n';
const blocks = (...texts: readonly string[]) => texts.map((text) => ({ type: 'text', text }));

/** The texts of a message as Claude gets it. */
function texts(exchange: Scanned, message: number): readonly string[] {
  const content = sent(exchange).messages.at(message)!.content as string | readonly { readonly text: string }[];
  return typeof content === 'string' ? [content] : content.map((block) => block.text);
}

describe.each(['sqlite', 'postgres'] as const)('withheld texts on %s', (kind) => {
  const skipped = kind === 'postgres' && folder === null;
  describe.skipIf(skipped)(`(${skipped ? reason : 'real'})`, () => {
    let server: PostgresServer | null = null;
    let node: Node;
    let url: string | undefined;
    let time = Date.now();
    const now = () => time;
    const ask = (...asked: Parameters<Node['ask']>) => node.ask(...asked);

    beforeAll(async () => {
      if (kind === 'postgres') server = await startPostgres(folder!);
    });
    afterAll(() => server?.close());
    beforeEach(async () => {
      url = await server?.database();
      node = await openNode({ now, ...(url && { url }) });
    });
    afterEach(() => node.close());

    const deny = async (how: 'detected' | 'turn', ...asked: Parameters<Node['ask']>) => {
      const exchange = await node.ask(...asked);
      await node.contents.withhold(exchange, how);
      return exchange;
    };

    it('are taken out where the client puts them before the next prompt, and the request goes on', async () => {
      await deny('detected', [blocks(reminder, prompt)]);
      const glued = await ask([blocks(reminder, `${prompt}\n`, 'say hello')]);
      expect(texts(glued, 0)).toEqual([reminder, withheldNotice, 'say hello']);
      expect(glued.detections).toEqual({ new: {}, all: {} });
      const joined = await ask([`${prompt}\nsay hello`]);
      expect(texts(joined, 0)).toEqual([`${withheldNotice}\nsay hello`]);
    });

    it('have what comes with them scanned and decided like anything else', async () => {
      await deny('detected', [prompt]);
      const other = credential(2);
      const glued = await ask([`${prompt}\nthen use ${other}`]);
      expect(glued.detections.new).toEqual({ user: { credential: 1 } });
      await node.contents.withhold(glued, 'detected');
      const next = await ask([blocks(`${prompt}\nthen use ${other}`, 'say hello')]);
      expect(JSON.stringify(sent(next))).not.toContain('sk-');
      expect(next.detections.all).toEqual({});
    });

    it('are taken out of later turns, forks, side requests and tool results alike', async () => {
      await deny('detected', [prompt], { session: 's1' });
      const history = [blocks(`${prompt}\n`, 'hello'), 'hi', 'go on'];
      const first = texts(await ask(history, { session: 's1' }), 0);
      expect(first).toEqual([withheldNotice, 'hello']);
      expect(texts(await ask(history, { session: 'fork' }), 0)).toEqual(first);
      const title = await ask([`<session>\n${prompt}\n</session>`], { class: 'auxiliary' });
      expect(texts(title, 0)).toEqual([`<session>\n${withheldNotice}\n</session>`]);
      expect(title.detections.new).toEqual({});
      const summary = await ask([...history, 'ok', blocks(`${prompt}\n`, 'Summarise.')], { class: 'compaction' });
      expect(texts(summary, 4)).toEqual([withheldNotice, 'Summarise.']);
      const count = await ask([prompt], { action: 'messages.count_tokens' });
      expect(texts(count, 0)).toEqual([withheldNotice]);
      const result = [{ type: 'tool_result', tool_use_id: 't', content: `1\n${prompt}\n2` }];
      const tool = await ask(['hi', [{ type: 'tool_use', id: 't', name: 'Read', input: {} }], result]);
      expect(JSON.stringify(sent(tool))).not.toContain('sk-');
      for (const exchange of [title, summary, count, tool]) expect(exchange.detections.all).toEqual({});
    });

    it('make the same bytes on every turn', async () => {
      await deny('detected', [prompt]);
      const one = [blocks(`${prompt}\n`, 'hello')];
      const two = [...one, 'hi', 'go on'];
      const before = sent(await ask(one)).messages;
      expect(sent(await ask(two)).messages.slice(0, 1)).toEqual(before);
    });

    it('are decided anew where they come again alone as the newest user message', async () => {
      await deny('detected', [blocks(reminder, prompt)]);
      for (const messages of [
        [prompt],
        [`${prompt}\n`],
        [blocks(reminder, prompt)],
        [blocks(prompt, reminder)],
        [blocks(`${prompt}\n`, 'hello'), 'hi', prompt],
      ]) {
        const again = await ask(messages);
        expect(again.detections.new).toEqual({ user: { credential: 1 } });
        expect(texts(again, -1).join('')).toContain(prompt);
      }
      const kept = await ask([blocks(`${prompt}\n`, 'hello'), 'hi', prompt]);
      expect(texts(kept, 0)).toEqual([withheldNotice, 'hello']);
      const repeated = await ask([blocks(`${prompt}\n`, prompt)]);
      expect(texts(repeated, 0)).toEqual([withheldNotice, prompt]);
    });

    it('are withheld no longer once they came alone and were forwarded', async () => {
      await deny('detected', [prompt]);
      await ask([prompt]);
      expect(texts(await ask([prompt, 'seen', 'go on']), 0)).toEqual([withheldNotice]);
      await node.contents.forwarded(await ask([prompt]));
      const next = await ask([prompt, 'seen', 'go on']);
      expect(texts(next, 0)).toEqual([prompt]);
      expect(next.detections.new).toEqual({});
      await deny('detected', [prompt]);
      expect(texts(await ask([prompt, 'seen', 'go on']), 0)).toEqual([prompt]);
    });

    it('that have ended are no reason to break what Claude thought before', async () => {
      await deny('detected', [prompt]);
      await node.contents.forwarded(await ask([blocks(prompt, 'hello'), 'hi', prompt]));
      const more = { thinking: { type: 'adaptive' } };
      const next = await ask([blocks(prompt, 'hello'), 'hi', prompt, 'seen', 'go on'], { more });
      expect(next.conversation.dropBlock).toBe(true);
      expect(sent(next).thinking).toEqual({
        block_binding: { prefix_mismatch_behavior: 'drop_block' },
        type: 'adaptive',
      });
      expect((await ask([blocks('hello'), 'hi', 'go on'], { more })).conversation.dropBlock).toBe(false);
    });

    it('are only what users said, and for `detected` only what has hits', async () => {
      const result = [
        { type: 'tool_result', tool_use_id: 't', content: `result ${secret}` },
        ...blocks('harmless', prompt),
      ];
      const call = [{ type: 'tool_use', id: 't', name: 'Read', input: {} }];
      await deny('detected', ['hi', call, result]);
      const next = await ask(['hi', call, result, 'ok', 'harmless']);
      expect(sent(next).messages[2]!.content).toEqual([result[0], ...blocks('harmless', withheldNotice)]);
    });

    it('are all of a turn where policy says so, but never what was forwarded before', async () => {
      await node.contents.forwarded(await ask([blocks(reminder, 'hello')], { session: 's1' }));
      await deny('turn', [blocks(reminder, 'hello', 'plan the heist')], { session: 's2' });
      const next = await ask([blocks(reminder, 'hello', 'plan the heist', 'never mind')]);
      expect(texts(next, 0)).toEqual([reminder, 'hello', withheldNotice, 'never mind']);
    });

    it('know after a restart what a client adds to every conversation', async () => {
      for (const session of ['s1', 's2']) {
        await node.contents.forwarded(await ask([blocks(reminder, `hello ${session}`)], { session }));
      }
      const again = await openAgain();
      await again.contents.withhold(await again.ask([blocks(reminder, 'plan the heist')]), 'turn');
      expect(texts(await again.ask([blocks(reminder, 'plan the heist', 'never mind')]), 0)).toEqual([
        reminder,
        withheldNotice,
        'never mind',
      ]);
      if (again !== node) await again.close();
    });

    it('are not the words of requests beside the conversation', async () => {
      const title = [`<session>\n${prompt}\n</session>`];
      await deny('turn', title, { class: 'auxiliary' });
      await deny('turn', title, { class: 'compaction' });
      await deny('turn', title, { action: 'messages.count_tokens' });
      expect(texts(await ask(title), 0)).toEqual(title);
    });

    it('are nothing where policy withholds nothing', async () => {
      const exchange = await ask([prompt]);
      await node.contents.withhold(exchange, 'none');
      expect(texts(await ask([`${prompt}\nhello`]), 0)).toEqual([`${prompt}\nhello`]);
    });

    it('are withheld from their principal alone, sealed, until their end', async () => {
      await deny('detected', [prompt]);
      expect(texts(await ask([`${prompt}\nhello`], { principal: bob }), 0)).toEqual([`${prompt}\nhello`]);
      const rows = await node.store
        .query<{ withheld_text: object }>()
        .selectFrom('withheld_text')
        .selectAll()
        .execute();
      expect(rows).toHaveLength(1);
      for (const value of Object.values(rows[0]!)) expect(Buffer.from(String(value)).includes('log in')).toBe(false);
      for (const value of Object.values(rows[0]!)) {
        if (value instanceof Uint8Array) expect(Buffer.from(value).includes('log in')).toBe(false);
      }
      const again = await openAgain();
      expect(texts(await again.ask([`${prompt}\nhello`], { principal: alice }), 0)).toEqual([
        `${withheldNotice}\nhello`,
      ]);
      time += 91 * 24 * 3600_000;
      const later = again === node ? node : again;
      await later.contents.withhold(await later.ask(['x']), 'turn');
      expect(texts(await later.ask([`${prompt}\nhello`]), 0)).toEqual([`${prompt}\nhello`]);
      if (again !== node) await again.close();
    });

    it('become no empty message, and leave fixed strings alone', async () => {
      await deny('turn', [blocks('a text', 'user')]);
      const next = await ask([[{ type: 'text', text: ' a text\n' }], 'ok', 'go on']);
      expect(texts(next, 0)).toEqual([withheldNotice]);
      expect(sent(next).messages[0]!.role).toBe('user');
    });

    /** Another node of the fleet, or, with SQLite, the same after a restart. */
    async function openAgain(): Promise<Node> {
      if (url) return openNode({ url, now });
      const { directory } = node.store;
      node.contents.close();
      await node.store.close();
      node = await openNode({ directory, now });
      return node;
    }
  });
});
