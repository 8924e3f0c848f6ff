/** Keys, envelope encryption and keyed hashes. */
export { makeDataKey, openPart, SealBroken, sealPart, unwrapDataKey } from './envelope.ts';
export { type KeyName, type KeyPlace, type Keys, keyFiles, openKeys, type SealingKey } from './keys.ts';
