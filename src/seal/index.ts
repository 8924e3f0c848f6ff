/** Keys, envelope encryption, keyed hashes and signatures. */
export { bundleAlgorithms, bundleKeyFault } from './bundle_key.ts';
export {
  makeDataKey,
  openOne,
  openPart,
  SealBroken,
  type Sealed,
  sealOne,
  sealPart,
  unwrapDataKey,
} from './envelope.ts';
export { type Keys, keyFiles, openKeys, type SealingKey } from './keys.ts';
export type { SigningKey } from './signature.ts';
