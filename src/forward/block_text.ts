import type { HeldBlock } from '../model/answer.ts';

/** A block as JSON text: its original bytes, or written anew with the input spelled as it is. */
export function blockText(part: HeldBlock): string {
  if (part.original instanceof Uint8Array) return Buffer.from(part.original).toString();
  const members = Object.entries(part.block).map(([key, value]) => {
    const spelled = key === 'input' && part.inputText !== null ? part.inputText : JSON.stringify(value);
    return `${JSON.stringify(key)}:${spelled}`;
  });
  return `{${members.join(',')}}`;
}
