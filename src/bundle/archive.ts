import { createGzip, gunzipSync } from 'node:zlib';
import { extract, pack } from 'tar-stream';
import { BundleRefused } from './refusal.ts';

/** Files of a bundle by name, without a leading slash. */
export type BundleFiles = ReadonlyMap<string, Uint8Array<ArrayBuffer>>;

const unpackedLimit = 32 * 1024 * 1024;
const entryLimit = 10_000;

/**
 * Reads a bundle, a gzipped tar as `opa build` writes it, by strict rules: regular files only, one leading `/` is taken
 * off, no `..`, no empty or `.` segment, no backslash, no name twice, at most 32 MiB unpacked and one data and manifest
 * file, at the root.
 *
 * @throws BundleRefused archive, path, link, duplicate, too_large, delta or data.
 */
export async function readArchive(bytes: Uint8Array): Promise<BundleFiles> {
  let tar: Buffer;
  try {
    tar = gunzipSync(bytes, { maxOutputLength: unpackedLimit });
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') {
      throw new BundleRefused('too_large', 'the bundle unpacks to more than 32 MiB');
    }
    throw new BundleRefused('archive', 'the bundle is not a gzipped archive', thrown);
  }
  const files = new Map<string, Uint8Array<ArrayBuffer>>();
  const reader = extract();
  reader.end(tar);
  try {
    for await (const entry of reader) {
      const name = entryName(entry.header.name, entry.header.type ?? 'file');
      const parts: Buffer[] = [];
      for await (const part of entry) parts.push(part as Buffer);
      if (name === null) continue;
      if (files.has(name)) throw new BundleRefused('duplicate', `the bundle holds ${name} twice`);
      if (files.size >= entryLimit)
        throw new BundleRefused('too_large', `the bundle holds more than ${entryLimit} files`);
      files.set(name, new Uint8Array(Buffer.concat(parts)));
    }
  } catch (thrown) {
    if (thrown instanceof BundleRefused) throw thrown;
    throw new BundleRefused('archive', 'the archive inside the bundle is broken', thrown);
  }
  return files;
}

/** The name a file of the archive has in the bundle; null for a directory, which carries nothing. */
function entryName(raw: string, type: string): string | null {
  if (type === 'symlink' || type === 'link') throw new BundleRefused('link', `${shown(raw)} is a link`);
  if (type !== 'file' && type !== 'directory')
    throw new BundleRefused('archive', `${shown(raw)} is not a regular file`);
  const name = raw.startsWith('/') ? raw.slice(1) : raw;
  if (type === 'directory' && (name === '' || name === './')) return null;
  const path = type === 'directory' && name.endsWith('/') ? name.slice(0, -1) : name;
  for (const segment of path.split('/')) {
    if (segment === '' || segment === '.' || segment === '..') {
      throw new BundleRefused('path', `${shown(raw)} is not a plain path inside the bundle`);
    }
  }
  if (/[\\\u0000-\u001f]/.test(path)) throw new BundleRefused('path', `${shown(raw)} has a character no path may have`);
  if (type === 'directory') return null;
  const base = path.slice(path.lastIndexOf('/') + 1);
  if (base === 'patch.json')
    throw new BundleRefused('delta', 'delta bundles (patch.json) are not taken: no signature covers them');
  if (base === 'data.yaml' || base === 'data.yml')
    throw new BundleRefused('data', `${path}: data has to be one data.json`);
  if (base === 'data.json' && path !== base)
    throw new BundleRefused('data', `${path}: data has to be one data.json at the root`);
  if (base === '.manifest' && path !== base)
    throw new BundleRefused('manifest', `${path}: the manifest has to be at the root`);
  return path;
}

function shown(name: string): string {
  return JSON.stringify(name.length > 200 ? `${name.slice(0, 200)}…` : name);
}

/** Writes a bundle so that equal files give equal bytes: sorted names, no owner, no times. */
export async function writeArchive(files: BundleFiles): Promise<Uint8Array<ArrayBuffer>> {
  const writer = pack();
  for (const name of [...files.keys()].sort()) {
    const header = { name: `/${name}`, mode: 0o600, uid: 0, gid: 0, mtime: new Date(0) };
    writer.entry(header, Buffer.from(files.get(name)!));
  }
  writer.finalize();
  const parts: Buffer[] = [];
  for await (const part of writer.pipe(createGzip({ level: 9 }))) parts.push(part as Buffer);
  return new Uint8Array(Buffer.concat(parts));
}
