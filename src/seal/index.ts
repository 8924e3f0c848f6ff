/** Keys, envelope encryption, keyed hashes and signatures. */
export { makeDataKey, openPart, SealBroken, sealPart, unwrapDataKey } from './envelope.ts';
export { type KeyName, type KeyPlace, type Keys, keyFiles, openKeys, type SealingKey } from './keys.ts';
export type { SigningKey } from './signature.ts';
