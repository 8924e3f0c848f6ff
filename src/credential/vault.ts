import type { Secret } from '../model/secret.ts';
import type { Outbound } from '../outbound/index.ts';
import { CredentialFault, type FaultKind, toFault } from './fault.ts';
import { type Answer, callJson, member } from './transport.ts';

export interface VaultOptions {
  /** Base URL, https unless loopback. */
  readonly address: string;
  readonly namespace: string | null;
  /** PEM of the authorities to trust, or null for the built-in ones. */
  readonly ca: string | null;
  readonly outbound: Outbound;
}

/** Vault's HTTP API with one token, or with none. Every rejection is a `CredentialFault`. */
export interface VaultClient {
  read(path: string, signal: AbortSignal): Promise<unknown>;
  write(path: string, body: { readonly [name: string]: unknown }, signal: AbortSignal): Promise<unknown>;
}

/** What node-vault hands to the transport that takes the place of its own. */
interface NodeVaultCall {
  readonly path: string;
  readonly method: string;
  readonly json?: unknown;
  readonly signal?: AbortSignal;
}

/**
 * A client for one token that never changes: a new token gets a new client, because node-vault goes on sending an old
 * one. Of node-vault only paths and verbs are used. Its transport is ours: it takes neither headers nor address from
 * node-vault (which reads VAULT_TOKEN, VAULT_PREFIX and VAULT_NAMESPACE on its own), follows no redirect, ends in time
 * and builds errors that hold no token.
 */
export async function createVaultClient(options: VaultOptions, token: Secret | null): Promise<VaultClient> {
  // Loaded when Vault is really used: with its dependencies it would slow down every start.
  const { default: nodeVault } = await import('node-vault');
  const headers: { [name: string]: string } = { 'x-vault-request': 'true' };
  if (options.namespace !== null) headers['x-vault-namespace'] = options.namespace;
  const base = options.address.replace(/\/+$/, '');

  const transport = async (call: NodeVaultCall) => {
    if (call.signal === undefined) throw new CredentialFault('protocol', 'a call without a signal');
    const answer = await callJson(options.outbound, {
      method: call.method === 'GET' ? 'GET' : 'POST',
      url: `${base}/v1${call.path}`,
      headers: token === null ? headers : { ...headers, 'x-vault-token': token.reveal() },
      body: call.json ?? null,
      signal: call.signal,
      ca: options.ca,
    });
    if (answer.status !== 200 && answer.status !== 204) throw vaultFault(answer);
    return { statusCode: answer.status, body: answer.json, request: { path: call.path } };
  };

  const client = nodeVault({
    endpoint: base,
    'request-promise': { defaults: () => transport },
    // Its debug log prints request bodies, secret ids among them.
    debug: () => {},
  } as never);
  return {
    read: (path, signal) => client.read(path, { signal }).catch(rethrow),
    write: (path, body, signal) => client.write(path, body, { signal }).catch(rethrow),
  };
}

function rethrow(thrown: unknown): never {
  throw toFault(thrown);
}

/** Vault's status codes on ordinary paths (on `sys/health` they mean other things, which is never called). */
function vaultFault(answer: Answer): CredentialFault {
  const errors = member(answer.json, 'errors');
  const first = Array.isArray(errors) && typeof errors[0] === 'string' ? errors[0] : 'no reason given';
  return new CredentialFault(kindOf(answer.status, first), `Vault answered ${answer.status}: ${first}`, answer.status);
}

function kindOf(status: number, reason: string): FaultKind {
  if (status === 403) return 'denied';
  if (status === 412) return 'inconsistent';
  if (status === 429) return 'throttled';
  if (status === 472 || status === 473) return 'unavailable';
  if (status === 503 && /seal/i.test(reason)) return 'sealed';
  if (status >= 500) return 'unavailable';
  return status >= 400 ? 'refused' : 'protocol';
}
