/** Policy bundles: read, verified, activated and watched. */
export { type BundleFiles, readArchive, writeArchive } from './archive.ts';
export { type BundleContent, contentOf, detectorsFile } from './content.ts';
export { readsFile } from './reads.ts';
export { BundleRefused } from './refusal.ts';
export type { BundleKey } from './signature.ts';
export { createPolicySource, type ManagedPolicySource } from './source.ts';
export { builtinUrl, verifyBundle } from './verify.ts';
