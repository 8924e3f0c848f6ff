import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { compileRules, encodeTables, readRules } from '../../src/mask/index.ts';
import type { Masked } from '../../src/model/exchange.ts';
import { credential, type Node, openNode, sent } from './support.ts';

const secret = credential(1);
const session = 's1';
const thinking = { thinking: { type: 'adaptive' } };
const dropped = { block_binding: { prefix_mismatch_behavior: 'drop_block' }, type: 'adaptive' };

/** A rule set that finds words of a form and names them so. */
function ruleSet(className: string, body: string): Uint8Array {
  const rule = { id: className, class: className, label: 'a word', reference: 'none', left: null, body };
  const { rules, faults } = readRules([
    { name: 'test', content: { rules: [{ ...rule, examples: ['«x»'], near: ['x'] }] } },
  ]);
  if (rules.length !== 1) throw new TypeError(JSON.stringify(faults));
  return encodeTables(compileRules(rules).compiled);
}

let node: Node;
let time = Date.now();
beforeEach(async () => {
  node = await openNode({ now: () => time });
  node.shelf.keep(node.masking.compiled().digest, node.masking.compiled().bytes);
});
afterEach(() => node.close());

const turn = async (messages: readonly unknown[], classes: readonly string[], more: Parameters<Node['ask']>[1] = {}) =>
  node.mask(await node.ask(messages, { session, more: thinking, ...more }), classes);
const firstText = (exchange: Masked) => sent(exchange).messages[0]!.content;
const history = [`key ${secret}`, 'seen', 'go on'];

describe('the masks of a conversation', () => {
  it('stay when policy does not ask for them any more', async () => {
    const masked = await turn(history.slice(0, 1), ['credential']);
    expect(firstText(masked)).toBe('key [masked:credential]');
    const later = await turn(history, []);
    expect(firstText(later)).toBe('key [masked:credential]');
    expect(later.conversation.dropBlock).toBe(false);
    expect(firstText(await turn(history, [], { session: 'other' }))).toBe(`key ${secret}`);
  });

  it('apply to requests beside the conversation, which pin nothing', async () => {
    await turn(history.slice(0, 1), ['credential']);
    const title = await turn(history.slice(0, 1), [], { session, class: 'auxiliary' });
    expect(firstText(title)).toBe('key [masked:credential]');
    await turn(history.slice(0, 1), ['credential'], { session: 's2', class: 'auxiliary' });
    expect(firstText(await turn(history, [], { session: 's2' }))).toBe(`key ${secret}`);
  });

  it('that are new edit what Claude saw, which is told once and asked for from then on', async () => {
    await turn(history.slice(0, 1), []);
    const edited = await turn(history, ['credential']);
    expect(firstText(edited)).toBe('key [masked:credential]');
    expect(edited.conversation.dropBlock).toBe(true);
    expect(sent(edited).thinking).toEqual(dropped);
    expect(sent(await turn(history, [])).thinking).toEqual(dropped);
  });

  it('that are new only in what is new edit nothing', async () => {
    await turn(['hello'], []);
    const masked = await turn(['hello', 'hi', `key ${secret}`], ['credential']);
    expect(JSON.stringify(sent(masked).messages)).toContain('[masked:credential]');
    expect(masked.conversation.dropBlock).toBe(false);
    expect(sent(masked).thinking).toEqual(thinking.thinking);
  });

  it('last beyond a restart', async () => {
    await turn(history.slice(0, 1), ['credential']);
    await new Promise((resolve) => setImmediate(resolve));
    const { directory } = node.store;
    node.contents.close();
    await node.store.close();
    node = await openNode({ directory, now: () => time });
    expect(firstText(await turn(history, []))).toBe('key [masked:credential]');
  });

  it('end after 8 idle hours, and Claude is asked to drop what it thought', async () => {
    await turn(history.slice(0, 1), ['credential']);
    time += 8 * 3600_000;
    const later = await turn(history, []);
    expect(firstText(later)).toBe(`key ${secret}`);
    expect(later.conversation.dropBlock).toBe(true);
  });

  it('that leave for another organisation drop what Claude thought there', async () => {
    const ask = async (role: string) => node.mask(await node.ask(history, { session, more: thinking }), [], role);
    expect((await ask('one')).conversation.dropBlock).toBe(false);
    expect((await ask('one')).conversation.dropBlock).toBe(false);
    expect((await ask('two')).conversation.dropBlock).toBe(true);
  });
});

describe('the rules of a conversation', () => {
  const apples = ruleSet('fruit', 'apple');
  const pears = ruleSet('fruit', 'pear[a-z]');
  const fruits = ['an apple and a pears', 'seen', 'more apple, more pears'];
  const use = (rules: Uint8Array) => {
    node.masking.useRules(rules);
    const { digest, bytes } = node.masking.compiled();
    node.shelf.keep(digest, bytes);
  };

  it('mask on beside those of a newer bundle, and facts are of the newer', async () => {
    use(apples);
    expect(firstText(await turn(fruits.slice(0, 1), ['fruit']))).toBe('an [masked:fruit] and a pears');
    use(pears);
    const scanned = await node.ask(fruits, { session, more: thinking });
    expect(scanned.detections.all).toEqual({ fruit: 2 });
    const masked = await node.mask(scanned, ['fruit']);
    expect(firstText(masked)).toBe('an [masked:fruit] and a [masked:fruit]');
    expect(masked.conversation.dropBlock).toBe(true);
    const again = await turn(fruits, []);
    expect(firstText(again)).toBe('an [masked:fruit] and a [masked:fruit]');
  });

  it('end at once when a bundle says that its rules are urgent', async () => {
    use(apples);
    await turn(fruits.slice(0, 1), ['fruit']);
    use(pears);
    node.urgent = true;
    await turn(fruits, ['fruit']);
    expect(firstText(await turn(fruits, ['fruit']))).toBe('an apple and a [masked:fruit]');
  });

  it('are kept until the last pin that needs them ends', async () => {
    use(apples);
    const { digest } = node.masking.compiled();
    await turn(fruits.slice(0, 1), ['fruit']);
    use(pears);
    await node.shelf.sweep(node.masking.compiled().digest);
    expect(node.shelf.has(digest)).toBe(true);
    expect(Buffer.from(node.shelf.tables(digest)!).equals(apples)).toBe(true);
    time += 49 * 3600_000;
    await node.shelf.sweep(node.masking.compiled().digest);
    expect(node.shelf.has(digest)).toBe(false);
    expect(readdirSync(join(node.store.directory, 'rules'))).toHaveLength(1);
  });

  it('are not read from a file that is not what its name says', () => {
    expect(() => node.shelf.keep('0'.repeat(64), apples)).toThrow(TypeError);
    expect(node.shelf.tables('../../keys/sealing')).toBeNull();
    expect(existsSync(join(node.store.directory, 'rules'))).toBe(true);
  });
});
