import { generateKeyPairSync } from 'node:crypto';
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { writeArchive } from '../../src/bundle/index.ts';
import type { ConfigInput } from '../../src/config/index.ts';
import { compileBundle } from '../../tools/policies/compile.ts';
import { signFiles } from '../../tools/policies/sign.ts';

/** A folder with a bundle that a gateway watches, signed with a key made for it. */
export interface WatchedBundle {
  /** `policy` of the configuration. */
  readonly policy: NonNullable<ConfigInput['policy']>;
  /** Publishes the project's policies with these files laid over them, as the next version. */
  publish(files: Readonly<Record<string, string>>): Promise<void>;
  remove(): void;
}

/** Builds with the real OPA and signs with a key of this run, as a GitOps pipeline would. */
export async function watchedBundle(files: Readonly<Record<string, string>>): Promise<WatchedBundle> {
  const scratch = mkdtempSync(join(tmpdir(), 'sallyport-bundle-'));
  const directory = join(scratch, 'watched');
  mkdirSync(directory);
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const keyFile = join(scratch, 'private.pem');
  const publicFile = join(scratch, 'public.pem');
  writeFileSync(keyFile, privateKey.export({ type: 'sec1', format: 'pem' }), { mode: 0o600 });
  writeFileSync(publicFile, publicKey.export({ type: 'spki', format: 'pem' }));
  let version = 100;
  const publish: WatchedBundle['publish'] = async (added) => {
    version += 1;
    const built = await build(added);
    const claims = { scope: 'test', bundle_version: version };
    const signed = signFiles(built, { keyFile, algorithm: 'ES256', claims });
    writeFileSync(join(directory, 'bundle.tar.gz'), await writeArchive(signed));
  };
  await publish(files);
  return {
    policy: { source: directory, scope: 'test', keys: [{ kid: 'test', algorithm: 'ES256', file: publicFile }] },
    publish,
    remove: () => rmSync(scratch, { recursive: true }),
  };
}

async function build(added: Readonly<Record<string, string>>) {
  const scratch = mkdtempSync(join(tmpdir(), 'sallyport-build-'));
  try {
    const source = join(scratch, 'policies');
    cpSync(join(import.meta.dirname, '../../policies'), source, { recursive: true });
    for (const [name, text] of Object.entries(added)) {
      mkdirSync(dirname(join(source, name)), { recursive: true });
      writeFileSync(join(source, name), text);
    }
    return await compileBundle(source);
  } finally {
    rmSync(scratch, { recursive: true });
  }
}
