/** Builds what the console serves into `src/console/generated/`, which is committed, so that running needs no build. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type BuildOptions, build } from 'esbuild';

const root = join(import.meta.dirname, '../..');
export const generated = join(root, 'src/console/generated');

const common = {
  absWorkingDir: root,
  bundle: true,
  charset: 'utf8',
  legalComments: 'none',
  jsx: 'automatic',
  jsxImportSource: 'preact',
  define: { 'process.env.NODE_ENV': '"production"' },
  logLevel: 'warning',
} as const satisfies BuildOptions;

const declarations = `// Written by \`make console\`.
import type { Page } from '../models.ts';
/** The HTML of a page, without its shell. Every text in it is escaped. */
export declare function renderPage(page: Page): string;
`;

/** Every built file by name: the script, the styles, and the renderer that the server runs. */
export async function buildConsole(): Promise<ReadonlyMap<string, string>> {
  const browser: BuildOptions = { format: 'iife', target: ['chrome120', 'firefox128', 'safari17.4'], minify: true };
  const server: BuildOptions = { format: 'esm', platform: 'neutral', target: 'node26' };
  const [script, styles, renderer] = await Promise.all([
    text('src/console/web/browser.tsx', browser),
    text('src/console/web/console.css', browser),
    text('src/console/web/server.tsx', server),
  ]);
  return new Map([
    ['console.js', script],
    ['console.css', styles],
    ['render.js', `// Written by \`make console\`.\n${renderer}`],
    ['render.d.ts', declarations],
  ]);
}

async function text(entry: string, options: BuildOptions): Promise<string> {
  const { outputFiles } = await build({ ...common, ...options, entryPoints: [entry], write: false });
  return outputFiles[0]!.text;
}

if (import.meta.main) {
  mkdirSync(generated, { recursive: true });
  for (const [name, text] of await buildConsole()) {
    writeFileSync(join(generated, name), text);
    console.log(`${name} ${Buffer.byteLength(text)} bytes`);
  }
}
