/**
 * `make tools`: gets `opa`, `regal` and `bao`. What is on PATH is used as it is; the rest is built by Go from the
 * pinned modules beside this file, into a cache outside the checkout. Names on the command line choose some of them.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, renameSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { cachedTool, findTool, howToGet, type Tool, tools } from './find.ts';

interface Recipe {
  /** Folder with the `go.mod` and `go.sum`. */
  readonly folder: string;
  readonly package: string;
  readonly linkerFlags: string;
  /** What to expect, measured on two cores with nothing cached. */
  readonly cost: string;
}

const recipes: { readonly [T in Tool]: Recipe } = {
  opa: { folder: 'opa', package: 'github.com/open-policy-agent/opa', linkerFlags: '-s -w', cost: 'about a minute' },
  regal: {
    folder: 'regal',
    package: 'github.com/styrainc/regal',
    linkerFlags: `-s -w -X github.com/styrainc/regal/pkg/version.Version=${tools.regal.version}`,
    cost: 'about a minute',
  },
  bao: {
    folder: 'openbao',
    package: 'github.com/openbao/openbao',
    linkerFlags: `-s -w -X github.com/openbao/openbao/version.fullVersion=${tools.bao.version}`,
    cost: 'about four minutes and 2 GB of memory',
  },
};

/** Makes one tool available. True when it is; what happened is printed. */
function provide(tool: Tool): boolean {
  const found = findTool(tool);
  if (found !== null) {
    console.log(`${tool}: ${found}`);
    return true;
  }
  if (spawnSync('go', ['version']).status !== 0) {
    console.error(howToGet(tool));
    return false;
  }
  const target = cachedTool(tool);
  console.log(`${tool}: building ${tools[tool].version} by Go, ${recipes[tool].cost} …`);
  mkdirSync(dirname(target), { recursive: true });
  const unfinished = `${target}.${process.pid}`;
  const built = build(recipes[tool], unfinished);
  if (built) renameSync(unfinished, target);
  else rmSync(unfinished, { force: true });
  console.log(built ? `${tool}: ${target}` : `${tool}: Go could not build it, see above. Or put it on PATH.`);
  return built;
}

function build(recipe: Recipe, output: string): boolean {
  const flags = ['-p', '2', '-trimpath', `-ldflags=${recipe.linkerFlags}`, '-o', output];
  const { status } = spawnSync('go', ['build', ...flags, recipe.package], {
    cwd: join(import.meta.dirname, recipe.folder),
    env: { ...process.env, GOWORK: 'off', GOFLAGS: '-mod=readonly', CGO_ENABLED: '0' },
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  return status === 0;
}

function isTool(name: string): name is Tool {
  return Object.hasOwn(tools, name);
}

const chosen = process.argv.length > 2 ? process.argv.slice(2) : Object.keys(tools);
const unknown = chosen.filter((name) => !isTool(name));
if (unknown.length > 0) {
  console.error(`not a tool: ${unknown.join(', ')}; there are ${Object.keys(tools).join(', ')}`);
  process.exitCode = 2;
} else {
  const provided = chosen.filter(isTool).map(provide);
  process.exitCode = provided.every(Boolean) ? 0 : 1;
}
