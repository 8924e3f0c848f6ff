import { accessSync, constants, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';

/** Programs that policy authors and tests use beside Node. */
export type Tool = 'opa' | 'regal' | 'bao';

/** Pinned versions, as built from the Go modules in this folder, and the names each goes by on PATH. */
export const tools: { readonly [T in Tool]: { readonly version: string; readonly names: readonly string[] } } = {
  opa: { version: '1.22.2', names: ['opa'] },
  regal: { version: '0.35.1', names: ['regal'] },
  bao: { version: '2.4.0', names: ['bao', 'vault'] },
};

type Environment = { readonly [name: string]: string | undefined };

/** Where `make tools` puts a tool: outside the checkout, one folder a version. */
export function cachedTool(tool: Tool, env: Environment = process.env): string {
  const cache = env.XDG_CACHE_HOME || join(env.HOME || homedir(), '.cache');
  return join(cache, 'sallyport', 'tools', `${tool}-${tools[tool].version}`, tool);
}

/** The path of a tool: the first on PATH (`vault` counts for `bao`), else the one `make tools` built, else null. */
export function findTool(tool: Tool, env: Environment = process.env): string | null {
  for (const name of tools[tool].names) {
    for (const folder of (env.PATH ?? '').split(delimiter)) {
      if (folder !== '' && isProgram(join(folder, name))) return join(folder, name);
    }
  }
  const built = cachedTool(tool, env);
  return isProgram(built) ? built : null;
}

/** The two ways to get a tool that is missing, as one sentence for a message or a skipped test. */
export function howToGet(tool: Tool): string {
  const [name, ...others] = tools[tool].names;
  const either = [name, ...others].join(' or ');
  return `${tool} is missing: put ${either} on PATH, or install Go and run \`make tools\` (builds ${tool} ${tools[tool].version})`;
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}
