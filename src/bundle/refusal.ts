/** Why a bundle was refused: a closed set, used in records and metrics. */
export type RefusalReason =
  | 'unreadable'
  | 'archive'
  | 'path'
  | 'link'
  | 'duplicate'
  | 'too_large'
  | 'delta'
  | 'manifest'
  | 'data'
  | 'unsigned'
  | 'signature'
  | 'key'
  | 'hash_algorithm'
  | 'changed_file'
  | 'extra_file'
  | 'missing_file'
  | 'scope'
  | 'claims'
  | 'expired'
  | 'version_floor'
  | 'version_reused'
  | 'digest'
  | 'self_test';

/** A bundle that must not be activated. The message says what is wrong and never holds content of the bundle. */
export class BundleRefused extends Error {
  override readonly name = 'BundleRefused';
  readonly reason: RefusalReason;

  constructor(reason: RefusalReason, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.reason = reason;
  }
}
