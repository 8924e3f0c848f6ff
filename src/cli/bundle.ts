import type { Writable } from 'node:stream';
import { StartError } from '../errors.ts';
import type { PolicyStatus } from '../model/decision.ts';
import type { AdminClient } from './admin_client.ts';

const path = '/admin/v1/bundles';

/** `sallyport bundle list`: the bundle that decides, and the last one that was refused. Rejects with `StartError`. */
export async function bundleListCommand(
  options: { readonly json?: boolean },
  admin: AdminClient,
  output: Writable,
): Promise<number> {
  const status = (await admin.get(path)) as PolicyStatus;
  output.write(options.json ? `${JSON.stringify(status, null, 2)}\n` : text(status));
  return 0;
}

/**
 * `sallyport bundle accept VERSION`: sets the floor of bundle versions, lower or higher, so that a bundle from that
 * version on is taken. Rejects with `StartError`.
 */
export async function bundleAcceptCommand(
  version: string,
  options: { readonly json?: boolean },
  admin: AdminClient,
  output: Writable,
): Promise<number> {
  const number = Number(version);
  if (!Number.isSafeInteger(number) || number < 1) {
    throw new StartError('Name the bundle_version, a whole number from 1, that is the lowest to be taken.');
  }
  const status = (await admin.post(`${path}/accept`, { version: number })) as PolicyStatus;
  output.write(options.json ? `${JSON.stringify(status, null, 2)}\n` : text(status));
  return 0;
}

function text(status: PolicyStatus): string {
  const { active, floor, refused, unavailable, expires_at } = status;
  const lines: string[] = [];
  if (active) {
    lines.push(
      `active    ${active.bundle} ${active.version} (bundle_version ${active.bundle_version}), ${status.source}`,
    );
    lines.push(`revision  ${active.revision}`);
    lines.push(`since     ${new Date(active.activated_at).toISOString()}`);
    if (expires_at !== null) lines.push(`expires   ${new Date(expires_at * 1000).toISOString()}`);
  }
  if (floor !== null) lines.push(`floor     bundle_version ${floor}: nothing lower is taken`);
  if (unavailable !== null) lines.push(`requests are refused: ${unavailable}`);
  if (refused) lines.push(`refused   ${new Date(refused.at).toISOString()} ${refused.reason}: ${refused.detail}`);
  return `${lines.join('\n')}\n`;
}
