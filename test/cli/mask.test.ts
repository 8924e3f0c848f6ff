import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable, Writable } from 'node:stream';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { detectorsCompile, detectorsList, detectorsShow, detectorsTest } from '../../src/cli/detectors.ts';
import { type MaskOptions, maskCommand } from '../../src/cli/mask.ts';
import { StartError } from '../../src/errors.ts';

let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'sallyport-rules-'));
  const base = { reference: 'ours', near: ['TICK-1'] };
  const rules = [
    {
      ...base,
      id: 'ticket',
      class: 'ticket',
      label: 'Ticket',
      body: 'TICK-',
      minimum: 4,
      tail: '[0-9]',
      examples: ['a «TI·CK-12345» b'],
    },
    {
      ...base,
      id: 'order',
      class: 'order',
      label: 'Order',
      context: 'order ',
      body: '[A-Z]{4}',
      right: '[A-Z]',
      examples: ['order «ABCD»'],
    },
  ];
  writeFileSync(join(folder, 'own.json'), JSON.stringify({ rules }));
});
afterAll(() => rmSync(folder, { recursive: true }));

function sink(): { readonly stream: Writable; text(): string } {
  let text = '';
  const stream = new Writable({
    write(piece, _encoding, done) {
      text += String(piece);
      done();
    },
  });
  return { stream, text: () => text };
}

async function masked(input: string, options: MaskOptions = {}) {
  const output = sink();
  const notes = sink();
  await maskCommand({ rules: folder, ...options }, Readable.from([Buffer.from(input)]), output.stream, notes.stream);
  return { output: output.text(), notes: notes.text() };
}

describe('sallyport mask', () => {
  const input = 'see TICK-12345\nand order ABCD, TICK-99\n';
  const expected = 'see [masked:ticket]\nand order [masked:order], TICK-99\n';

  it('writes the text masked, the same for every size of pieces', async () => {
    for (const chunk of [undefined, 1, 2, 3, 7]) {
      expect((await masked(input, chunk === undefined ? {} : { chunk })).output).toBe(expected);
    }
  });

  it('explains which rule covered what, without repeating it', async () => {
    const { notes } = await masked(input, { explain: true, chunk: 2 });
    expect(
      notes
        .split('\n')
        .slice(1, 3)
        .map((line) => line.split(/ {2,}/)),
    ).toEqual([
      ['1:5', '10', 'ticket', 'ticket', 'Ticket'],
      ['2:11', '4', 'order', 'order', 'Order'],
    ]);
    expect(notes).not.toContain('12345');
  });

  it('masks with chosen classes or rules only, and refuses unknown ones', async () => {
    expect((await masked(input, { detectors: 'order' })).output).toContain('TICK-12345');
    await expect(masked(input, { detectors: 'order,nonsense' })).rejects.toThrow(StartError);
  });

  it('gives JSON with the places', async () => {
    const { output } = await masked(input, { json: true });
    expect(JSON.parse(output)).toEqual({
      masked: expected,
      spans: [
        { detector: 'ticket', class: 'ticket', line: 1, column: 5, from: 4, to: 14 },
        { detector: 'order', class: 'order', line: 2, column: 11, from: 25, to: 29 },
      ],
    });
  });

  it('works with compiled tables as with the rules they come from', async () => {
    const output = sink();
    const tables = join(folder, 'tables.bin');
    expect(detectorsCompile(tables, { rules: folder }, output.stream)).toBe(0);
    expect((await masked(input, { tables })).output).toBe(expected);
    await expect(masked(input, { tables: join(folder, 'own.json') })).rejects.toThrow(StartError);
  });
});

describe('sallyport detectors', () => {
  it('lists and shows the rules', () => {
    const output = sink();
    detectorsList({ rules: folder }, output.stream);
    expect(output.text()).toContain('ticket  ticket  Ticket');
    detectorsShow('order', { rules: folder }, output.stream);
    expect(output.text()).toContain('covers       order «ABCD»');
    expect(() => detectorsShow('none', { rules: folder }, output.stream)).toThrow(StartError);
  });

  it('tests the rules by their examples, and tells every fault', () => {
    const good = sink();
    expect(detectorsTest({ rules: folder }, good.stream)).toBe(0);
    expect(good.text()).toBe('2 rules, 0 faults\n');
    const other = mkdtempSync(join(tmpdir(), 'sallyport-rules-'));
    const rule = {
      id: 'bad',
      class: 'c',
      label: 'l',
      reference: 'r',
      body: 'ab',
      examples: ['«ac»'],
      near: ['xab ab'],
    };
    writeFileSync(join(other, 'a.yaml'), JSON.stringify({ rules: [rule, { ...rule, id: 'worse', body: 'a\\b' }] }));
    writeFileSync(join(other, 'b.yaml'), 'rules: [');
    const bad = sink();
    expect(detectorsTest({ rules: other }, bad.stream)).toBe(1);
    rmSync(other, { recursive: true });
    expect(bad.text().match(/FAILED/g)).toHaveLength(4);
    expect(bad.text()).toContain('worse: body');
  });
});
