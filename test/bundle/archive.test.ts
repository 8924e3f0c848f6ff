import { gzipSync } from 'node:zlib';
import { pack } from 'tar-stream';
import { describe, expect, it } from 'vitest';
import { readArchive, writeArchive } from '../../src/bundle/index.ts';
import { bytesOf } from './fixtures/signing.ts';

type Entry = {
  name: string;
  type?: 'file' | 'symlink' | 'link' | 'directory' | 'character-device' | 'fifo';
  content?: string;
  linkname?: string;
};

async function archive(...entries: Entry[]): Promise<Uint8Array> {
  const writer = pack();
  for (const { content = '', ...header } of entries) writer.entry(header, content);
  writer.finalize();
  const parts: Buffer[] = [];
  for await (const part of writer) parts.push(part as Buffer);
  return gzipSync(Buffer.concat(parts));
}

const refused = async (...entries: Entry[]) =>
  readArchive(await archive(...entries)).then(
    () => 'accepted',
    (error: { reason: string }) => error.reason,
  );

describe('a bundle archive', () => {
  it('comes back as it was written, names without their leading slash', async () => {
    const files = new Map([
      ['b/c.rego', bytesOf('package b')],
      ['a.json', bytesOf('{}')],
    ]);
    const written = await writeArchive(files);
    const read = await readArchive(written);
    expect([...read.keys()]).toEqual(['a.json', 'b/c.rego']);
    expect(Buffer.from(read.get('b/c.rego')!).toString()).toBe('package b');
    expect(await writeArchive(new Map([...files].reverse()))).toEqual(written);
  });

  it('takes directories for nothing', async () => {
    const read = await readArchive(
      await archive(
        { name: './', type: 'directory' },
        { name: 'a/', type: 'directory' },
        { name: 'a/b', content: 'x' },
      ),
    );
    expect([...read.keys()]).toEqual(['a/b']);
  });

  it.each([
    ['a path that climbs', 'path', { name: '../x' }],
    ['a path that climbs inside', 'path', { name: 'a/../../x' }],
    ['a path that climbs after the slash', 'path', { name: '/../x' }],
    ['two leading slashes', 'path', { name: '//etc/passwd' }],
    ['a dot segment', 'path', { name: './x' }],
    ['a backslash', 'path', { name: 'a\\..\\x' }],
    ['a directory that climbs', 'path', { name: '../', type: 'directory' }],
    ['a symbolic link', 'link', { name: 'x', type: 'symlink', linkname: '/etc/passwd' }],
    ['a hard link', 'link', { name: 'x', type: 'link', linkname: 'y' }],
    ['a device', 'archive', { name: 'x', type: 'character-device' }],
    ['a pipe', 'archive', { name: 'x', type: 'fifo' }],
    ['a delta', 'delta', { name: 'patch.json', content: '{}' }],
    ['a delta in a folder', 'delta', { name: 'a/patch.json', content: '{}' }],
    ['a second data file', 'data', { name: 'a/data.json', content: '{}' }],
    ['data in YAML', 'data', { name: 'data.yaml', content: 'a: 1' }],
    ['a second manifest', 'manifest', { name: 'a/.manifest', content: '{}' }],
  ] as [string, string, Entry][])('is refused with %s (%s)', async (_, reason, entry) => {
    expect(await refused({ name: '/ok', content: 'x' }, entry)).toBe(reason);
  });

  it('is refused with one name twice, with and without its slash', async () => {
    expect(await refused({ name: 'a', content: '1' }, { name: '/a', content: '2' })).toBe('duplicate');
  });

  it('is refused when it unpacks to more than 32 MiB, without being unpacked', async () => {
    const bomb = gzipSync(Buffer.alloc(33 * 1024 * 1024));
    expect(bomb.length).toBeLessThan(100_000);
    await expect(readArchive(bomb)).rejects.toMatchObject({ reason: 'too_large' });
  });

  it('is refused when it is no archive, or cut', async () => {
    await expect(readArchive(Buffer.from('no'))).rejects.toMatchObject({ reason: 'archive' });
    await expect(readArchive(gzipSync(Buffer.alloc(700, 7)))).rejects.toMatchObject({ reason: 'archive' });
  });
});
