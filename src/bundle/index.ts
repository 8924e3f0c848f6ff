/** Policy bundles: read, verified, activated and watched. */
export { type BundleFiles, readArchive, writeArchive } from './archive.ts';
export { type BundleContent, contentOf, detectorsFile } from './content.ts';
export { readsFile } from './reads.ts';
export { BundleRefused, type RefusalReason } from './refusal.ts';
export type { BundleKey, SignatureRules } from './signature.ts';
export { bundleFile, createPolicySource, type ManagedPolicySource, type PolicySourceOptions } from './source.ts';
export { builtinUrl, type VerifiedBundle, verifyBundle } from './verify.ts';
