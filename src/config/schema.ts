import { z } from 'zod';
import { parseAddress } from './address.ts';
import { approvals } from './approvals.ts';
import type { Context } from './context.ts';
import { credential } from './credential.ts';
import {
  always,
  count,
  distinct,
  fault,
  label,
  listenAddress,
  pathFrom,
  seconds,
  serviceUrl,
  upstreamHeaders,
} from './fields.ts';
import { identity } from './identity.ts';
import { consoleSettings } from './login.ts';
import { policy } from './policy.ts';
import { secretFrom } from './secret.ts';
import { store } from './store.ts';

const listen = z
  .strictObject({
    data: listenAddress.default('127.0.0.1:8787').describe('Address that agents use.'),
    admin: listenAddress.default('127.0.0.1:8788').describe('Address of the admin API, health and metrics.'),
  })
  .superRefine((value, context) => {
    if (value.data === value.admin && parseAddress(String(value.data))?.port !== 0) {
      fault(context, 'the same address as listen.data', 'Give the admin API a port of its own.', ['admin']);
    }
  }, always);

const upstream = z.strictObject({
  url: serviceUrl.prefault('https://api.anthropic.com').describe('Base URL of the Claude API.'),
  auth: z
    .enum(['auto', 'bearer', 'x-api-key'])
    .default('auto')
    .describe('Header for the credential; `auto` does as the credential role says.'),
  headers: upstreamHeaders.default({}).describe('Headers added to every request; none that carries a credential.'),
});

const mask = (context: Context) =>
  z.strictObject({
    values: z
      .array(
        z.strictObject({
          name: label.describe('Name in records and in the placeholder.'),
          secret: secretFrom(context)
            .refine((secret) => secret.reveal().length >= 8, {
              message: 'shorter than 8 characters, which masks ordinary text',
            })
            .describe('The value to mask.'),
        }),
      )
      .default([])
      .superRefine((values, refinement) => {
        distinct(values, 'name', refinement, [], 'Each value has its own name.');
      }, always)
      .describe('Exact values to mask everywhere, besides the gateway’s own credentials.'),
  });

const limits = z.strictObject({
  body_bytes: count.max(1_073_741_824).default(33_554_432).describe('Largest request body in bytes.'),
  body_depth: count.max(512).default(64).describe('Deepest nesting of a request body.'),
  body_keys: count.default(100_000).describe('Most object keys in a request body.'),
  header_count: count.default(100).describe('Most headers of a request.'),
  concurrent_requests: count.default(512).describe('Requests at one time; more are answered 529.'),
  body_timeout_s: seconds.default(30).describe('Time for a request body to arrive, in seconds.'),
  upstream_connect_timeout_s: seconds.default(10).describe('Time to connect to Claude, in seconds.'),
  upstream_idle_timeout_s: seconds.default(300).describe('Longest silence of Claude, in seconds.'),
  drain_s: seconds.default(30).describe('Time for running requests to end at shutdown, in seconds.'),
});

/** The one schema of the configuration. Its output is `Config`; what it reads beside the text is in `context`. */
export const schemaFor = (context: Context) =>
  z.strictObject({
    listen: listen.prefault({}).describe('Addresses to listen on: host:port, loopback only until TLS is served.'),
    data_dir: pathFrom(context).prefault('./.sallyport').describe('Folder with all state of this node, owner-only.'),
    store: store(context).prefault({}).describe('Shared state.'),
    upstream: upstream.prefault({}).describe('The Claude API.'),
    identity: identity(context).prefault({}).describe('Who may ask.'),
    console: consoleSettings.prefault({}),
    policy: policy(context).prefault({}).describe('Which policy bundle decides.'),
    credential: credential(context).describe('Where Claude credentials come from.'),
    record: z
      .strictObject({
        mode: z
          .enum(['strict', 'best_effort'])
          .default('strict')
          .describe('What happens when an answer cannot be recorded: `strict` ends it, `best_effort` notes the gap.'),
      })
      .prefault({})
      .describe('The sealed recording of answers.'),
    mask: mask(context).prefault({}).describe('Masking beside policy.'),
    approvals: approvals(context).prefault({}).describe('Approvals by humans.'),
    limits: limits.prefault({}).describe('Limits of requests and waiting.'),
    replies: z
      .strictObject({
        claude_code_denial_status: z
          .union([z.literal(403), z.literal(409), z.literal(451)])
          .default(451)
          .describe('Status of a denial for Claude Code: 403, 409 or 451. It shows 451 cleanly and sends it once.'),
      })
      .prefault({})
      .describe('How refusals are told.'),
    log: z
      .strictObject({
        level: z
          .enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'])
          .default('info')
          .describe('Least level logged.'),
      })
      .prefault({})
      .describe('The log, JSON lines on standard error.'),
  });

type Output = z.output<ReturnType<typeof schemaFor>>;

/** The checked configuration: every default filled in, paths absolute, secrets read. */
export type Config = DeepReadonly<Output>;

/** The configuration as somebody writes it. */
export type ConfigInput = DeepReadonly<z.input<ReturnType<typeof schemaFor>>>;

type DeepReadonly<T> = T extends { reveal(): string }
  ? T
  : T extends readonly (infer Item)[]
    ? readonly DeepReadonly<Item>[]
    : T extends object
      ? { readonly [Key in keyof T]: DeepReadonly<T[Key]> }
      : T;
