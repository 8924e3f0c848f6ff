import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { z } from 'zod';
import { isLoopback } from '../model/host.ts';
import { parseAddress } from './address.ts';
import type { Context } from './context.ts';

/** Adds a fault with what to do about it. Never give it the value: it may be a secret in the wrong place. */
export function fault(context: z.RefinementCtx, message: string, hint: string, path: PropertyKey[] = []): void {
  context.addIssue({ code: 'custom', message, params: { hint }, path });
}

/**
 * For a check over several keys that also runs when one of them is faulty, so that all faults come at once: any key
 * of what it gets may be missing or of another type than its schema says.
 */
export const always = {
  when: ({ value }: { readonly value: unknown }) => typeof value === 'object' && value !== null,
};

/** A `host:port` to listen on; only loopback until the gateway can serve TLS. */
export const listenAddress = z.string().superRefine((text, context) => {
  const address = parseAddress(text);
  if (address === null) {
    fault(context, 'not a host and port', 'Write it as 127.0.0.1:8787 or [::1]:8787; port 0 takes a free one.');
  } else if (!isLoopback(address.host)) {
    fault(
      context,
      'not a loopback address',
      'The gateway does not serve TLS yet. Listen on 127.0.0.1 and let a TLS proxy or a sidecar on this host face the network.',
    );
  }
});

/** An https URL, or http to a loopback host; without credentials, query or fragment; the last slash is dropped. */
export const serviceUrl = z
  .string()
  .superRefine((text, context) => {
    const url = URL.parse(text);
    if (url === null || !/^https?:$/.test(url.protocol)) {
      fault(context, 'not an http or https URL', 'Write the whole URL, such as https://host.example:8200.');
      return;
    }
    if (url.username || url.password) {
      fault(context, 'the URL holds credentials', 'Take them out of the URL; a secret is {file: …} or {env: …}.');
    }
    if (/[?#]/.test(text))
      fault(context, 'the URL has a query or a fragment', 'Give scheme, host, port and path only.');
    if (url.protocol === 'http:' && !isLoopback(url.hostname)) {
      fault(context, 'plain http to a host that is not loopback', 'Use https; http is for servers on this host only.');
    }
  })
  .transform((text) => text.replace(/\/+$/, ''));

/** A path, made absolute from the folder of the configuration file. */
export const pathFrom = ({ directory }: Context) =>
  z
    .string()
    .min(1)
    .transform((path) => resolve(directory, path));

/** What a file has to hold. `read` throws where it holds something else. */
export interface Holds {
  /** As in `not a certificate`. */
  readonly what: string;
  readonly hint: string;
  readonly read: (text: string) => unknown;
}

/** The path of a file that is not secret, must be readable now and, where asked, hold what it should. */
export const publicFile = (context: Context, holds: Holds | null = null) =>
  pathFrom(context).superRefine((path, refinement) => {
    let text: string;
    try {
      text = readFileSync(path, 'utf8');
    } catch {
      fault(refinement, 'there is no readable file', 'A relative path starts at the folder of the configuration file.');
      return;
    }
    if (holds === null) return;
    try {
      holds.read(text);
    } catch {
      fault(refinement, `the file is not ${holds.what}`, holds.hint);
    }
  });

/** For `publicFile`: a certificate, or several of which the first is looked at. */
export const certificate: Holds = {
  what: 'a certificate in PEM',
  hint: 'It begins with -----BEGIN CERTIFICATE-----.',
  read: (text) => new X509Certificate(text),
};

/** A name that appears in records, metrics and policy. */
export const label = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/, {
  message: 'not a name: letters, digits, dot, dash and underscore, at most 64',
});

/** A length of time in whole seconds. */
export const seconds = z.int().positive();

/** A number of things: whole, at least one. */
export const count = z.int().positive();

/** Headers the gateway sets itself or takes from the credential role, so that configuration may not add them. */
const reservedHeaders =
  /^(authorization|x-api-key|cookie|proxy-.*|host|connection|keep-alive|te|trailer|transfer-encoding|upgrade|expect|content-.*|accept-encoding|anthropic-(workspace|organization).*)$/;

/** Headers that go to Claude with every request: lower-case names, none that the gateway sets or that holds a credential. */
export const upstreamHeaders = z.record(z.string(), z.string()).superRefine((headers, context) => {
  for (const [name, value] of Object.entries(headers)) {
    if (!/^[a-z0-9!#$%&'*+.^_`|~-]+$/.test(name)) {
      fault(context, 'not a lower-case header name', 'Write the name in lower case, such as x-team.', [name]);
    } else if (reservedHeaders.test(name)) {
      fault(context, 'a header that only the gateway may set', 'Credentials come from credential.roles alone.', [name]);
    }
    if (!/^[\t\x20-\x7e]*$/.test(value)) {
      fault(context, 'not a header value', 'Printable ASCII on one line.', [name]);
    }
  }
});

/** Faults entries of a list whose `key` repeats that of an earlier entry. `list` may be anything, see `always`. */
export function distinct(
  list: unknown,
  key: string,
  context: z.RefinementCtx,
  path: PropertyKey[],
  hint: string,
): void {
  if (!Array.isArray(list)) return;
  const seen = new Set<unknown>();
  for (const [index, entry] of list.entries()) {
    const value: unknown = entry?.[key];
    if (value === undefined) continue;
    if (seen.has(value)) fault(context, 'the same as in an earlier entry', hint, [...path, index, key]);
    seen.add(value);
  }
}
