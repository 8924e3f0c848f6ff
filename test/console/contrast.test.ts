import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

const css = readFileSync(new URL('../../src/console/web/styles/tokens.css', import.meta.url), 'utf8');

function tokens(block: string): Map<string, string> {
  return new Map([...block.matchAll(/--([\w-]+):\s*(#[0-9a-f]{6});/g)].map(([, name, value]) => [name!, value!]));
}

const [lightBlock = '', darkBlock = ''] = css.split('@media (prefers-color-scheme: dark)');
const light = tokens(lightBlock);
const dark = new Map([...light, ...tokens(darkBlock)]);

/** Relative luminance and contrast as WCAG 2.2 defines them. */
function luminance(hex: string): number {
  const [r, g, b] = [1, 3, 5].map((at) => {
    const part = Number.parseInt(hex.slice(at, at + 2), 16) / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  }) as [number, number, number];
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

function contrast(a: string, b: string): number {
  const [high, low] = [luminance(a), luminance(b)].sort((x, y) => y - x) as [number, number];
  return (high + 0.05) / (low + 0.05);
}

/** Text on surface, wherever the styles put them together. */
const pairs = [
  ...['bg', 'surface', 'sunken', 'accent-soft'].map((surface) => ['ink', surface]),
  ...['bg', 'surface', 'sunken'].map((surface) => ['muted', surface]),
  ...['bg', 'surface', 'sunken', 'accent-soft'].map((surface) => ['accent', surface]),
  ...['ok', 'bad', 'wait', 'mask'].flatMap((tone) => [
    [tone, `${tone}-soft`],
    [tone, 'surface'],
  ]),
  ['on-button', 'button'],
  ['rail-ink', 'rail'],
  ['rail-ink', 'rail-here'],
  ['rail-muted', 'rail'],
  ['on-lamp', 'lamp'],
] as unknown as readonly (readonly [string, string])[];

describe.each([
  ['light', light],
  ['dark', dark],
] as const)('the %s colours', (_name, colours) => {
  it.each(pairs)('keep %s readable on %s', (text, surface) => {
    expect(contrast(colours.get(text)!, colours.get(surface)!)).toBeGreaterThanOrEqual(4.5);
  });
});

it('knows the contrast of black on white', () => {
  expect(contrast('#000000', '#ffffff')).toBeCloseTo(21, 5);
});
