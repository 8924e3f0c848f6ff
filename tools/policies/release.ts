import type { BundleContent } from '../../src/bundle/content.ts';
import { BuildFailed } from './opa.ts';

/** `bundles/channels.json`: the version that each channel follows. What is in it can never change again. */
export interface Channels {
  readonly [channel: string]: { readonly bundle: string; readonly version: string; readonly revision: string };
}

type Released = Pick<BundleContent, 'bundle' | 'version' | 'revision' | 'manifestVersion'>;

/**
 * Refuses content that a fleet may already run under the same version with other content.
 *
 * @throws BuildFailed that says what to raise.
 */
export function refuseChange(content: Released, channels: Channels): void {
  if (content.manifestVersion === null) throw new BuildFailed('policies/.manifest lacks metadata.bundle_version');
  for (const [channel, released] of Object.entries(channels)) {
    if (released.bundle !== content.bundle || released.version !== content.version) continue;
    if (released.revision === content.revision) continue;
    throw new BuildFailed(
      `${content.bundle} ${content.version} is released (channel ${channel}) and its content has changed: raise revision and metadata.bundle_version in policies/.manifest`,
    );
  }
}

/** The channels with one of them set to this content. */
export function withRelease(channels: Channels, channel: string, content: Released): Channels {
  const { bundle, version, revision } = content;
  return { ...channels, [channel]: { bundle, version, revision } };
}
