import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compileFolder, createMasking, encodeTables } from '../../src/mask/index.ts';
import type { StreamEvent } from '../../src/model/answer.ts';
import type { Conversed } from '../../src/model/exchange.ts';
import { bodyOf } from './bodies.ts';
import { answering, cut, pass, secret, startBlock, stopBlock, textDelta } from './helpers.ts';

/* What policy is shown of texts: everything that a detector covers is gone, masked in the content or not. */

const exact = 'hunter2/horse-battery';
const mailed = 'anna.schmidt@muster-werke.de';
const library = encodeTables(compileFolder(join(import.meta.dirname, '../../policies/detectors')).compiled);

function masking() {
  const made = createMasking({ exact: () => [{ name: 'default', class: 'gateway_credential', value: exact }] });
  made.useRules(library);
  return made;
}

describe('a text that policy is shown', () => {
  it('has every value redacted that a detector finds, also of classes that nothing masks', () => {
    const redaction = masking().redaction(answering());
    expect(redaction.text(`mail ${mailed} with ${exact}, or ${secret}`, null)).toBe(
      'mail [masked:email] with [masked:gateway_credential], or [masked:credential]',
    );
    expect(redaction.text('nothing to see', null)).toBe('nothing to see');
  });

  it('has them redacted in JSON, in values and names, and stays JSON', () => {
    const redaction = masking().redaction(answering());
    const text = JSON.stringify({ command: `echo "${exact}"\n`, [mailed]: 1 });
    expect(JSON.parse(redaction.json(text))).toEqual({
      command: 'echo "[masked:gateway_credential]"\n',
      '[masked:email]': 1,
    });
  });

  it('has no character of a value in any piece of a stream, wherever it is cut', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(exact, secret, mailed),
        fc.array(fc.nat(), { maxLength: 6 }),
        fc.constantFrom({}, { email: 'redact' as const }),
        (value, places, plan) => {
          const exchange = answering(plan, 'every');
          const made = masking();
          const redaction = made.redaction(exchange);
          const deltas = cut(`before ${value} after`, places).map((piece) => textDelta(piece));
          const parts = pass([made.scanStep(exchange)], [startBlock(), ...deltas, stopBlock()]) as StreamEvent[];
          const shown = parts
            .filter(({ type }) => type === 'content_block_delta')
            .map(({ data, spans }) => redaction.text((data.delta as { readonly text: string }).text, spans));
          expect(shown.join('').replace(/(\[masked:\w+\])+/, '#')).toBe('before # after');
        },
      ),
    );
  });
});

describe('a text of a request that policy is shown', () => {
  it('is redacted by what its scan found', async () => {
    const made = masking();
    const body = bodyOf(JSON.stringify({ text: `${mailed} ${exact}`, other: 'plain' }));
    await made.scanRequest({ body } as unknown as Conversed);
    const at = (text: string) => body.leaves.findIndex((leaf) => leaf.text.includes(text));
    expect(made.redactLeaf(body, at(exact))).toBe('[masked:email] [masked:gateway_credential]');
    expect(made.redactLeaf(body, at('plain'))).toBe('plain');
  });

  it('is never one that was not scanned', () => {
    expect(() => masking().redactLeaf(bodyOf('{"text":"plain"}'), 0)).toThrow(TypeError);
  });
});
