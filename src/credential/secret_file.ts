import { readFile, stat } from 'node:fs/promises';
import type { Secret } from '../model/secret.ts';
import { CredentialFault } from './fault.ts';

const LARGEST_FILE = 65_536;

/**
 * The present value of a configured secret: read again where it came from a file whose modification time has changed,
 * so that a rotated secret needs no restart. One line break at the end is dropped.
 */
export class FreshSecret {
  readonly #secret: Secret;
  #value: string;
  #version: string | null = null;

  constructor(secret: Secret) {
    this.#secret = secret;
    this.#value = secret.reveal();
  }

  /** Whether it can change at all. */
  get rotates(): boolean {
    return this.#secret.file !== null;
  }

  /** @throws CredentialFault `secret` where the file cannot be read, is empty, too large, or open to others */
  async read(): Promise<string> {
    const { file } = this.#secret;
    if (file === null) return this.#value;
    try {
      const { mtimeMs, size, ino, mode } = await stat(file);
      const version = `${mtimeMs} ${size} ${ino}`;
      if (version === this.#version) return this.#value;
      if (process.platform !== 'win32' && (mode & 0o077) !== 0) throw unusable('group or world may read it');
      if (size > LARGEST_FILE) throw unusable('it is larger than 64 KiB');
      const value = (await readFile(file, 'utf8')).replace(/\r?\n$/, '');
      if (value === '') throw unusable('it is empty');
      this.#value = value;
      this.#version = version;
      return value;
    } catch (thrown) {
      if (thrown instanceof CredentialFault) throw thrown;
      throw unusable((thrown as NodeJS.ErrnoException).code ?? 'it cannot be read');
    }
  }
}

function unusable(why: string): CredentialFault {
  return new CredentialFault('secret', `the file of a configured secret is not usable: ${why}`);
}

/** Whether a value can stand in an HTTP header: printable ASCII without blanks, as every credential here is. */
export function isHeaderSafe(value: string): boolean {
  return /^[\x21-\x7e]{1,16384}$/.test(value);
}
