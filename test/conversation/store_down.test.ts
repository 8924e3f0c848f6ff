import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { bob, credential, type Node, openNode, sent } from './support.ts';

const secret = credential(1);
const history = [`key ${secret}`, 'seen', 'go on'];
const unavailable = { code: 'STATE_UNAVAILABLE' };
let node: Node;
beforeEach(async () => {
  node = await openNode();
});
afterEach(async () => {
  node.down = false;
  await node.close();
});

describe('while the store fails', () => {
  it('a conversation that begins goes on', async () => {
    node.down = true;
    expect((await node.ask(['hello'])).detections.all).toEqual({});
    expect((await node.ask([`key ${secret}`])).detections.new).toEqual({ user: { credential: 1 } });
    const masked = await node.mask(await node.ask([`key ${secret}`]), []);
    expect(masked.conversation.dropBlock).toBe(false);
  });

  it('a conversation whose history is not known is refused', async () => {
    node.down = true;
    await expect(node.ask(['hello', 'hi', 'go on'])).rejects.toMatchObject(unavailable);
    await expect(node.ask(['one line\nand another'])).rejects.toMatchObject(unavailable);
    const two = [
      { type: 'text', text: 'one' },
      { type: 'text', text: 'two' },
    ];
    await expect(node.ask([two])).rejects.toMatchObject(unavailable);
  });

  it('a conversation that is known goes on, with what was forwarded', async () => {
    await node.contents.forwarded(await node.ask(history));
    node.down = true;
    expect((await node.ask(history)).detections.new).toEqual({});
    await expect(node.ask([...history, 'ok', 'more'])).resolves.toMatchObject({ detections: { new: {} } });
  });

  it('older hits that are not known to be released are refused, never taken for old', async () => {
    await node.ask(['hello', 'hi', 'go on']);
    node.down = true;
    await expect(node.ask(history)).rejects.toMatchObject(unavailable);
  });

  it('what was withheld stays out, and what is denied anew is not said to be remembered', async () => {
    const denied = await node.ask([`use ${secret}`]);
    await node.contents.withhold(denied, 'detected');
    await node.ask(['x'], { principal: bob });
    expect(JSON.stringify(sent(await node.ask([`use ${secret}\nhello`])))).not.toContain(secret);
    const other = await node.ask([`use ${credential(2)}`]);
    node.down = true;
    expect(JSON.stringify(sent(await node.ask([`use ${secret}\nhello`])))).not.toContain(secret);
    await expect(node.contents.withhold(other, 'detected')).rejects.toMatchObject(unavailable);
  });

  it('what was sent counts as new again, which loses nothing', async () => {
    const exchange = await node.ask(history);
    node.down = true;
    await expect(node.contents.forwarded(exchange)).rejects.toMatchObject(unavailable);
    node.down = false;
    expect((await node.ask(history)).detections.new).toEqual({ user: { credential: 1 } });
  });
});
