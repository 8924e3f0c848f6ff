import { readFile } from 'node:fs/promises';
import type { JSONWebKeySet } from 'jose';
import type { Outbound } from '../outbound/index.ts';
import type { IssuerEntry } from './issuer.ts';

/** Largest JWKS or discovery document in bytes. */
const MAX_DOCUMENT = 262_144;
const DEADLINE_MS = 5_000;

/** Loads an issuer's public keys once. Rejects with any error where it cannot, also for a set without keys. */
export type KeySource = () => Promise<JSONWebKeySet>;

/**
 * The source that an issuer's entry names: a URL, a file (read anew each time), discovery, or keys at hand. Nothing a
 * token says ever chooses where keys come from.
 */
export function createKeySource(entry: IssuerEntry, outbound: Outbound): KeySource {
  const { jwks } = entry;
  if ('keys' in jwks) return async () => jwks.keys;
  if ('file' in jwks) return async () => keySet(await readFile(jwks.file, 'utf8'));
  if ('url' in jwks) return async () => keySet(await fetchText(outbound, jwks.url));
  return discoveringSource(entry.issuer, outbound);
}

/** OpenID Connect Discovery 1.0 section 4; the key set's address is kept until fetching it fails. */
function discoveringSource(issuer: string, outbound: Outbound): KeySource {
  let found: string | null = null;
  return async () => {
    found ??= await discover(issuer, outbound);
    try {
      return keySet(await fetchText(outbound, found));
    } catch (error) {
      found = null;
      throw error;
    }
  };
}

async function discover(issuer: string, outbound: Outbound): Promise<string> {
  const url = `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`;
  const document = JSON.parse(await fetchText(outbound, url)) as { issuer?: unknown; jwks_uri?: unknown } | null;
  if (document?.issuer !== issuer) throw new Error('the discovery document is of another issuer');
  if (typeof document.jwks_uri !== 'string') throw new Error('the discovery document names no jwks_uri');
  return document.jwks_uri;
}

async function fetchText(outbound: Outbound, url: string): Promise<string> {
  const headers = { accept: 'application/json, application/jwk-set+json' };
  const response = await outbound.request({ url, headers, maxBytes: MAX_DOCUMENT, deadlineMs: DEADLINE_MS });
  if (response.status !== 200) throw new Error(`status ${response.status}`);
  return response.body.toString();
}

function keySet(text: string): JSONWebKeySet {
  const document = JSON.parse(text) as { keys?: unknown } | null;
  const keys = document?.keys;
  if (!Array.isArray(keys) || keys.length === 0) throw new Error('the key set has no keys');
  return { keys } as JSONWebKeySet;
}
