/**
 * The import rule. Layers, left to right: main, cli, gateway, pipeline, rooms, base, model. A layer may import what is
 * to its right. Rooms never import each other; from outside, a room is imported by its `index.ts`. No two files import
 * each other. A risky package is imported in the rooms that are there to tame it, the riskiest in one file alone.
 */
import { posix } from 'node:path';

/** Source files by path from the project's root, `src/mask/plan.ts`, with their text. */
export type Sources = ReadonlyMap<string, string>;

const layers = ['main', 'cli', 'gateway', 'pipeline', 'room', 'base', 'model'] as const;
type Layer = (typeof layers)[number];

const rooms = new Set(
  'receive identify conversation decide mask approve credential forward record bundle console sandbox'.split(' '),
);
const base = new Set('errors config observe json seal outbound store'.split(' '));

/** Which places may import what is dangerous in the wrong hands. */
const risky: { readonly [name: string]: readonly string[] } = {
  'node-vault': ['credential'],
  '@open-policy-agent/opa-wasm': ['decide'],
  undici: ['forward', 'outbound'],
  'node:sqlite': ['store'],
  pg: ['store'],
  'node:child_process': ['cli'],
};

/** Code whose packages the build puts into a generated file, so that an installation need not have them. */
const bundled = 'src/console/web/';

/** Of these, the ones that a single file may import. */
const oneFile = ['node-vault', '@open-policy-agent/opa-wasm'];

/**
 * Every breach of the rule, as a sentence with the path of the file; generated files are not looked at. `dependencies` are the packages that an
 * installation without the development packages has.
 */
export function importFaults(sources: Sources, dependencies: ReadonlySet<string>): string[] {
  const faults: string[] = [];
  const importers = new Map<string, Set<string>>();
  for (const [path, text] of sources) {
    if (path.includes('/generated/')) continue;
    for (const specifier of importsOf(text)) {
      const fault = specifier.startsWith('.')
        ? ownFault(path, posix.join(posix.dirname(path), specifier), sources)
        : packageFault(path, specifier, dependencies);
      if (fault !== null) faults.push(`${path}: ${fault}`);
      const name = packageName(specifier);
      if (oneFile.includes(name)) importers.set(name, (importers.get(name) ?? new Set()).add(path));
    }
  }
  for (const [name, paths] of importers) {
    if (paths.size > 1) faults.push(`${[...paths].sort().join(', ')}: one file may import ${name}, not ${paths.size}`);
  }
  return [...faults, ...circleFaults(sources)];
}

/** Files that import each other, in a circle of any length; an import of a type alone counts as well. */
function circleFaults(sources: Sources): string[] {
  const faults: string[] = [];
  const done = new Set<string>();
  const trail: string[] = [];
  const visit = (path: string): void => {
    const at = trail.indexOf(path);
    if (at >= 0) faults.push(`${[...trail.slice(at), path].join(' -> ')}: these files import each other`);
    if (at >= 0 || done.has(path)) return;
    trail.push(path);
    for (const specifier of importsOf(sources.get(path) ?? '')) {
      if (specifier.startsWith('.')) visit(posix.join(posix.dirname(path), specifier));
    }
    trail.pop();
    done.add(path);
  };
  for (const path of sources.keys()) visit(path);
  return faults;
}

/** Specifiers of static and dynamic imports and of re-exports. */
export function importsOf(text: string): string[] {
  const code = text.replace(/\/\*[\s\S]*?\*\//g, '').replace(/^\s*\/\/.*$/gm, '');
  const pattern =
    /(?:^|[;\s])(?:import|export)\s[^'"`;=()]*?from\s*['"]([^'"]+)['"]|\bimport\s*\(?\s*['"]([^'"]+)['"]/g;
  return [...code.matchAll(pattern)].map((match) => match[1] ?? match[2] ?? '');
}

function ownFault(path: string, target: string, sources: Sources): string | null {
  if (target === 'package.json') return null;
  if (!target.startsWith('src/')) return `imports ${target}, which is not part of the program`;
  if (!sources.has(target)) return `imports ${target}, which does not exist`;
  const from = placeOf(path);
  const to = placeOf(target);
  if (from === to) return null;
  const fromLayer = layerOf(from);
  const toLayer = layerOf(to);
  if (fromLayer === null || toLayer === null) return `${fromLayer === null ? from : to} is in no layer`;
  if (from === 'sandbox' && toLayer !== 'model') return `the sandbox imports model only, not ${to}`;
  if (fromLayer === 'room' && toLayer === 'room') return `rooms do not import each other: ${from} imports ${to}`;
  if (layers.indexOf(fromLayer) > layers.indexOf(toLayer)) return `${fromLayer} must not import ${toLayer} (${to})`;
  const face = `src/${to}/index.ts`;
  if ((toLayer === 'room' || toLayer === 'base') && target.startsWith(`src/${to}/`) && target !== face) {
    return `imports ${target}; the face of that room is its index.ts`;
  }
  return null;
}

function packageFault(path: string, specifier: string, dependencies: ReadonlySet<string>): string | null {
  const name = packageName(specifier);
  const allowed = risky[name];
  if (allowed !== undefined && !allowed.includes(placeOf(path))) {
    return `only ${allowed.join(' and ')} may import ${name}`;
  }
  if (name.startsWith('node:') || dependencies.has(name) || path.startsWith(bundled)) return null;
  return `imports ${name}, which is not among the dependencies in package.json`;
}

function packageName(specifier: string): string {
  if (specifier.startsWith('node:')) return specifier;
  return specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/');
}

/** `mask` for `src/mask/plan.ts`, `gateway` for `src/gateway.ts`. */
function placeOf(path: string): string {
  return (path.split('/')[1] ?? '').replace(/\.ts$/, '');
}

function layerOf(place: string): Layer | null {
  if (rooms.has(place)) return 'room';
  if (base.has(place)) return 'base';
  if (['ends', 'ports', 'rooms', 'steps'].includes(place)) return 'gateway';
  return layers.find((layer) => layer === place) ?? null;
}
