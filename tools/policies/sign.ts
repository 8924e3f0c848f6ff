import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { type BundleFiles, writeArchive } from '../../src/bundle/archive.ts';
import type { BundleContent } from '../../src/bundle/content.ts';
import { BuildFailed, run } from './opa.ts';

type Environment = { readonly [name: string]: string | undefined };

/** How to sign, for whoever built without. */
export function signingHelp(): string {
  return [
    'not signed. To sign for a gateway that watches a folder, with a key that stays outside the repository:',
    '  openssl ecparam -name prime256v1 -genkey -noout -out ../policy-key.pem',
    '  openssl ec -in ../policy-key.pem -pubout -out ../policy.pem',
    '  make policies SIGN=../policy-key.pem SCOPE=production NOT_AFTER_DAYS=90',
    'The gateway gets ../policy.pem in policy.keys.',
  ].join('\n');
}

export interface SignOptions {
  readonly keyFile: string;
  /** As `opa sign` names it, e.g. ES256. */
  readonly algorithm: string;
  readonly claims: { readonly [claim: string]: unknown };
}

/**
 * Signs bundle files with the real `opa sign` and gives them with `.signatures.json` added.
 *
 * @throws BuildFailed with the output of OPA.
 */
export function signFiles(files: BundleFiles, options: SignOptions): BundleFiles {
  const scratch = mkdtempSync(join(tmpdir(), 'sallyport-sign-'));
  try {
    const tree = join(scratch, 'tree');
    for (const [name, bytes] of files) {
      mkdirSync(dirname(join(tree, name)), { recursive: true });
      writeFileSync(join(tree, name), bytes);
    }
    writeFileSync(join(scratch, 'claims.json'), JSON.stringify(options.claims));
    run('opa', tree, [
      'sign',
      ...['--signing-key', resolve(options.keyFile), '--signing-alg', options.algorithm],
      ...['--claims-file', join(scratch, 'claims.json'), '--output-file-path', scratch, '--bundle', '.'],
    ]);
    const signatures = new Uint8Array(readFileSync(join(scratch, '.signatures.json')));
    return new Map([...files, ['.signatures.json', signatures]]);
  } finally {
    rmSync(scratch, { recursive: true });
  }
}

/** Writes `signed.tar.gz` into the folder by what the environment says; gives what to print. */
export async function signInto(
  folder: string,
  files: BundleFiles,
  content: BundleContent,
  environment: Environment,
): Promise<string> {
  const { SIGN, SCOPE, ALGORITHM = 'ES256', NOT_AFTER_DAYS = '90' } = environment;
  if (!SIGN || !SCOPE)
    throw new BuildFailed(`signing needs SIGN=<private key file> and SCOPE=<environment>\n${signingHelp()}`);
  const days = Number(NOT_AFTER_DAYS);
  if (!(days > 0)) throw new BuildFailed('NOT_AFTER_DAYS has to be a number of days');
  const now = Math.floor(Date.now() / 1000);
  const claims = {
    scope: SCOPE,
    bundle_version: content.manifestVersion,
    iat: now,
    not_after: now + Math.round(days * 86400),
  };
  const signed = signFiles(files, { keyFile: SIGN, algorithm: ALGORITHM, claims });
  const path = join(folder, 'signed.tar.gz');
  writeFileSync(path, await writeArchive(signed));
  return `${path} for scope ${SCOPE}, ${days} days`;
}
