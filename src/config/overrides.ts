import { parse } from 'yaml';
import type { Environment } from './context.ts';
import type { Fault } from './faults.ts';

const prefix = 'SALLYPORT_';

/** Variables of the command line, which are no paths into the configuration. */
const ofCommands: ReadonlySet<string> = new Set(['SALLYPORT_GATEWAY', 'SALLYPORT_TOKEN']);

/** A written configuration before it is checked: plain objects, arrays and scalars, as YAML gives them. */
export type Tree = { [key: string]: unknown };

/**
 * Applies `SALLYPORT_LISTEN__DATA=127.0.0.1:0` as `listen.data`: lower case, `__` between the keys, a number is a
 * place in a list, the value is YAML. `SALLYPORT_TOKEN` and `SALLYPORT_GATEWAY` are left to the commands. Changes `tree`; returns faults of names and values that cannot be applied.
 */
export function applyOverrides(tree: Tree, env: Environment): Fault[] {
  const faults: Fault[] = [];
  for (const name of Object.keys(env).sort()) {
    const text = env[name];
    if (!name.startsWith(prefix) || ofCommands.has(name) || text === undefined) continue;
    const path = name.slice(prefix.length).toLowerCase().split('__');
    const refuse = (message: string, hint: string) => faults.push({ path: name, message, hint });
    if (path.some((key) => key === '' || key === 'constructor' || key === 'prototype')) {
      refuse('not a path into the configuration', 'Write the keys with two underscores between them.');
      continue;
    }
    try {
      if (!assign(tree, path, parse(text))) {
        refuse(
          'leads through a value that has no such key',
          'A place in a list is a number from 0, at most one behind its end.',
        );
      }
    } catch {
      refuse('the value is not YAML', 'Quote it, such as SALLYPORT_LOG__LEVEL="debug".');
    }
  }
  return faults;
}

/** The variable that would set `path`, for hints. */
export function overrideName(path: readonly PropertyKey[]): string {
  return prefix + path.map((key) => String(key).toUpperCase()).join('__');
}

function assign(tree: Tree, path: readonly string[], value: unknown): boolean {
  let at: Tree | unknown[] = tree;
  for (const [depth, key] of path.entries()) {
    if (Array.isArray(at) && !(/^\d{1,4}$/.test(key) && Number(key) <= at.length)) return false;
    const holder = at as Tree;
    if (depth === path.length - 1) {
      holder[key] = value;
      return true;
    }
    const next: unknown = Object.hasOwn(holder, key) ? holder[key] : undefined;
    if (next === undefined || next === null) {
      holder[key] = /^\d+$/.test(path[depth + 1] ?? '') ? [] : {};
    } else if (typeof next !== 'object') {
      return false;
    }
    at = holder[key] as Tree | unknown[];
  }
  return true;
}
