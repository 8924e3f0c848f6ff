import { describe, expect, it } from 'vitest';
import { createMasking } from '../../src/mask/index.ts';
import { secret } from './helpers.ts';

const masking = createMasking({ exact: () => [{ name: 'default', class: 'lease', value: secret }] });
const cleansed = (text: string) => Buffer.from(masking.cleanse(Buffer.from(text))).toString();

describe('an answer that is no message', () => {
  it('is the same bytes where no exact value is in it', () => {
    const bytes = Buffer.from('{"type":"error","error":{"message":"sk\\u002dant no"}}');
    expect(masking.cleanse(bytes)).toBe(bytes);
    const broken = Buffer.from([0xff, 0x22, 0xfe]);
    expect(masking.cleanse(broken)).toBe(broken);
  });

  it('loses exact values from its strings, escaped ones too, and from text that is no JSON', () => {
    const escaped = `\\u00${secret.charCodeAt(0).toString(16)}${secret.slice(1)}`;
    expect(cleansed(`{"message":"key ${escaped} \\u0041"}`)).toBe('{"message":"key [masked:lease] \\u0041"}');
    expect(cleansed(`<h1 title='${secret}'>`)).toBe("<h1 title='[masked:lease]'>");
  });

  it('loses them where it is no UTF-8, and keeps its other bytes', () => {
    const bytes = Buffer.concat([Buffer.from([0xff, 0x80]), Buffer.from(secret)]);
    expect(masking.cleanse(bytes)).toEqual(Buffer.concat([Buffer.from([0xff, 0x80]), Buffer.from('[masked:lease]')]));
  });

  it('keeps what is known by its beginning only', () => {
    const other = `{"message":"sk-ant-${'B7'.repeat(12)}"}`;
    expect(cleansed(other)).toBe(other);
  });
});
