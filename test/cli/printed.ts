import { Writable } from 'node:stream';
import { expect } from 'vitest';

/** What a command prints that ends well. */
export async function printed(command: (output: Writable) => Promise<number>): Promise<string> {
  let text = '';
  const output = new Writable({
    write(chunk, _encoding, done) {
      text += chunk;
      done();
    },
  });
  expect(await command(output)).toBe(0);
  return text;
}
