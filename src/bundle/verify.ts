import { readArchive } from './archive.ts';
import { type BundleContent, contentOf } from './content.ts';
import type { Floor } from './floor.ts';
import { builtin } from './generated/builtin.ts';
import { BundleRefused } from './refusal.ts';
import { type SignatureRules, verifySignature } from './signature.ts';

/** A bundle whose content may be trusted. */
export interface VerifiedBundle {
  readonly content: BundleContent;
  readonly bundleVersion: number;
  /** Epoch seconds, or null. */
  readonly expiresAt: number | null;
  /** Key that signed it; null for the built-in bundle. */
  readonly kid: string | null;
}

/**
 * Verifies a signed bundle: archive, signature and every file, then the version against the floor.
 *
 * @throws BundleRefused with a named reason.
 */
export async function verifyBundle(
  bytes: Uint8Array,
  rules: SignatureRules,
  floor: Floor | null,
): Promise<VerifiedBundle> {
  const files = await readArchive(bytes);
  const claims = await verifySignature(files, rules);
  const content = contentOf(files);
  if (floor !== null && claims.version < floor.version) {
    throw new BundleRefused(
      'version_floor',
      `bundle version ${claims.version} is below ${floor.version}, which was active before; publish the content under a higher version, or lower the floor knowingly: sallyport bundle accept ${claims.version}`,
    );
  }
  if (floor?.version === claims.version && floor.revision !== null && floor.revision !== content.revision) {
    throw new BundleRefused(
      'version_reused',
      `bundle version ${claims.version} was active with other content; publish changed content under a higher version`,
    );
  }
  return { content, bundleVersion: claims.version, expiresAt: claims.expiresAt, kid: claims.kid };
}

/**
 * Checks the built-in bundle, which is unsigned and trusted only because its revision is the one inside this build.
 *
 * @throws BundleRefused digest, or what reading it found.
 */
export async function verifyBuiltin(bytes: Uint8Array): Promise<VerifiedBundle> {
  const content = contentOf(await readArchive(bytes));
  if (content.revision !== builtin.revision) {
    throw new BundleRefused('digest', 'the built-in bundle is not the one this build was made with');
  }
  return { content, bundleVersion: builtin.bundleVersion, expiresAt: null, kid: null };
}

/** Where the built-in bundle lies, relative to this file. */
export const builtinUrl = new URL(`../../bundles/${builtin.bundle}/${builtin.version}/bundle.tar.gz`, import.meta.url);
