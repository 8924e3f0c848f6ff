import { createHmac } from 'node:crypto';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { createVisibleHolds } from '../../src/conversation/index.ts';
import { render, scan } from '../../src/json/index.ts';
import type { Body } from '../../src/model/body.ts';
import type { Conversed } from '../../src/model/exchange.ts';
import type { Principal } from '../../src/model/principal.ts';

const keyed = (key: string) => (domain: string, text: string) =>
  createHmac('sha256', key).update(`${domain}\0${text}`).digest('base64url');
const holds = createVisibleHolds(keyed('of the fleet'));
const principal = { tenant: 't', issuer: 'i', subject: 's', actors: [] } as unknown as Principal;
const text = (said: string) => ({ type: 'text', text: said });

function takenOut(messages: readonly unknown[], by = holds): unknown {
  const bytes = Buffer.from(JSON.stringify({ model: 'm', messages }));
  const body = {
    bytes,
    root: scan(bytes, { depth: 64, keys: 1e5, values: 1e6 }),
    leaves: [],
    blocks: [],
    splices: [],
  } as unknown as Body;
  const exchange = by.takeOut({ body, identity: { principal } } as unknown as Conversed);
  return JSON.parse(Buffer.from(render(exchange.body!)).toString()).messages;
}

it('takes exactly its own notices out of what the assistant said, wherever they stand', () => {
  const notice = fc.string({ unit: 'grapheme', maxLength: 20 }).map((said) => text(holds.notice(principal, said)));
  const other = fc.oneof(
    fc.string({ maxLength: 20 }).map(text),
    fc.constant({ type: 'tool_use', id: 't', name: 'Bash', input: { a: [1, 2] } }),
  );
  fc.assert(
    fc.property(fc.array(fc.array(fc.oneof(notice, other), { minLength: 1, maxLength: 8 })), (contents) => {
      const isNotice = (block: { text?: string }) => /\(hold [\w-]{43}\)$/.test(block.text ?? '');
      const expected = contents.map((content) => {
        const kept = content.filter((block) => !isNotice(block as { text?: string }));
        return { role: 'assistant', content: kept.length === 0 ? content : kept };
      });
      expect(takenOut(contents.map((content) => ({ role: 'assistant', content })))).toEqual(expected);
    }),
  );
});

it('leaves alone what others wrote: users, forgers, other principals, other gateways', () => {
  const mine = holds.notice(principal, 'waits');
  const said = text('Running it.');
  const untouched = [
    { role: 'user', content: [said, text(mine)] },
    { role: 'assistant', content: mine },
    { role: 'assistant', content: [said, text(mine.replace('waits', 'halts'))] },
    { role: 'assistant', content: [said, text(`${mine} And more.`)] },
    { role: 'assistant', content: [said, text(holds.notice({ ...principal, subject: 'another' }, 'waits'))] },
    { role: 'assistant', content: [said, text(createVisibleHolds(keyed('another')).notice(principal, 'waits'))] },
  ];
  expect(takenOut(untouched)).toEqual(untouched);
});
