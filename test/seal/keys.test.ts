import { createHmac, createPublicKey, verify } from 'node:crypto';
import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { keyFiles, openKeys } from '../../src/seal/index.ts';

let directory: string;
const file = (name: string) => join(directory, 'keys', name);

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'seal-'));
});

afterEach(() => rmSync(directory, { recursive: true }));

const open = () => openKeys(keyFiles(directory));

describe('key files', () => {
  it('are made on the first run, for the owner alone, different from each other', async () => {
    await open();
    expect(statSync(file('.')).mode & 0o777).toBe(0o700);
    for (const name of ['sealing.key', 'keyed_hash.key', 'verdicts.key']) {
      expect(statSync(file(name)).mode & 0o777).toBe(0o600);
      expect(statSync(file(name)).size).toBe(32);
    }
    expect(readFileSync(file('sealing.key'))).not.toEqual(readFileSync(file('keyed_hash.key')));
  });

  it('are the same keys at the next start', async () => {
    const first = await open();
    const second = await open();
    expect(second.sealing.id).toBe(first.sealing.id);
    expect(second.sealing.key.equals(first.sealing.key)).toBe(true);
    expect(second.keyedHash('a', 'b')).toBe(first.keyedHash('a', 'b'));
  });

  it('are refused when others could read them', async () => {
    await open();
    chmodSync(file('sealing.key'), 0o640);
    await expect(open()).rejects.toThrow('mode 640');
    chmodSync(file('sealing.key'), 0o600);
    chmodSync(file('.'), 0o755);
    await expect(open()).rejects.toThrow('chmod 700');
  });

  it('are refused when cut, linked or the same twice', async () => {
    await open();
    writeFileSync(file('sealing.key'), Buffer.alloc(31));
    await expect(open()).rejects.toThrow('32 bytes');
    rmSync(file('sealing.key'));
    copyFileSync(file('keyed_hash.key'), file('sealing.key'));
    await expect(open()).rejects.toThrow('same file');
    renameSync(file('sealing.key'), file('elsewhere'));
    symlinkSync(file('elsewhere'), file('sealing.key'));
    await expect(open()).rejects.toThrow('link');
  });

  it('survive a crash while the first was made', async () => {
    await open();
    renameSync(file('sealing.key'), file('sealing.key.new'));
    writeFileSync(file('sealing.key.new'), 'torn');
    await open();
    expect(statSync(file('sealing.key')).size).toBe(32);
  });
});

describe('keys of a fleet', () => {
  it('lie in a folder of their own, and have the same ids on every node', async () => {
    const shared = file('../shared');
    mkdirSync(shared);
    for (const name of ['sealing', 'keyed_hash', 'verdicts']) {
      await expect(openKeys(keyFiles(directory, shared))).rejects.toThrow(`${name}.key is missing`);
      writeFileSync(join(shared, `${name}.key`), Buffer.alloc(32, name), { mode: 0o600 });
    }
    const first = await openKeys(keyFiles(join(directory, 'a'), shared));
    const second = await openKeys(keyFiles(join(directory, 'b'), shared));
    expect(second.ids).toEqual(first.ids);
    expect(new Set(Object.values(first.ids)).size).toBe(3);
  });
});

describe('verdicts', () => {
  it('signs with Ed25519 under a public key that others can check with', async () => {
    const { verdicts } = await open();
    const signature = Buffer.from(verdicts.sign('decision', 'yes'), 'base64url');
    expect(verify(null, Buffer.from('decision\0yes'), createPublicKey(verdicts.publicKey), signature)).toBe(true);
  });

  it('takes its own signatures only, for their domain and text', async () => {
    const { verdicts } = await open();
    const signature = verdicts.sign('decision', 'yes');
    expect(verdicts.verify('decision', 'yes', signature)).toBe(true);
    expect(verdicts.verify('decision', 'no', signature)).toBe(false);
    expect(verdicts.verify('grant', 'yes', signature)).toBe(false);
    for (const forged of ['', 'AAAA', 'A'.repeat(86), `${signature}x`.slice(1)]) {
      expect(verdicts.verify('decision', 'yes', forged)).toBe(false);
    }
    const others = await openKeys(keyFiles(join(directory, 'other')));
    expect(others.verdicts.verify('decision', 'yes', signature)).toBe(false);
  });
});

describe('keyedHash', () => {
  it('is HMAC-SHA-256 over domain and text', async () => {
    const keys = await open();
    const oracle = createHmac('sha256', readFileSync(file('keyed_hash.key'))).update('conversation\0Ünïcode');
    expect(keys.keyedHash('conversation', 'Ünïcode')).toBe(oracle.digest('base64url'));
  });

  it('differs by domain', async () => {
    const keys = await open();
    expect(keys.keyedHash('a', 'text')).not.toBe(keys.keyedHash('b', 'text'));
  });
});
