import { z } from 'zod';
import type { ChunkInput } from '../model/decision.ts';
import type { AdminInput, RequestInput, ToolUseInput } from '../model/projection.ts';

/**
 * The policy contract as schemas. They are published as JSON Schema in `policies/schemas/`, where `opa check --schema`
 * holds every rule against them; the compiler holds them against the types in `model/projection.ts`.
 */
const counts = z.record(z.string(), z.int().min(0));

const now = z.strictObject({ minutes: z.int(), weekday: z.int().min(1).max(7), hour: z.int().min(0).max(23) });

const principal = z.strictObject({
  tenant: z.string(),
  issuer: z.string(),
  subject: z.string(),
  kind: z.enum(['human', 'workload']),
  person: z.string().nullable(),
  owner: z.string().nullable(),
  groups: z.array(z.string()),
  function: z.string().nullable(),
  actors: z.array(z.string()),
  strength: z.string().nullable(),
});

const excerpt = z.string().nullable();

const conversation = z.strictObject({ id: z.string(), turn: z.int().min(0) });

export const requestInput = z.strictObject({
  v: z.literal(1),
  now,
  principal,
  action: z.string(),
  route: z.string(),
  client: z.strictObject({
    app: z.string().nullable(),
    version: z.string().nullable(),
    class: z.string().nullable(),
  }),
  request: z.strictObject({
    model: z.string().nullable(),
    max_tokens: z.number().nullable(),
    stream: z.boolean(),
    tools: z.array(z.string()),
    server_tools: z.array(z.strictObject({ type: z.string(), name: z.string().nullable() })),
    mcp_servers: z.array(z.strictObject({ name: z.string().nullable(), host: z.string().nullable() })),
    url_sources: z.array(z.string()),
    file_ids: z.array(z.string()),
    message_count: z.int().min(0),
    bytes: z.int().min(0),
    media: z.strictObject({ images: z.int().min(0), documents: z.int().min(0) }),
    opaque_bytes: z.int().min(0),
    betas: z.array(z.string()),
    unknown_fields: z.array(z.string()),
  }),
  detections: z.strictObject({ new: z.record(z.string(), counts), all: counts }),
  usage: z.null(),
  conversation,
  excerpt,
});

export const chunkInput = z.strictObject({
  v: z.literal(1),
  kind: z.string(),
  detections: counts,
  thresholds: z.record(z.string(), z.number()),
  excerpt,
});

export const toolUseInput = z.strictObject({
  v: z.literal(1),
  now,
  principal,
  conversation,
  tool: z.strictObject({
    name: z.string(),
    kind: z.enum(['shell', 'file', 'mcp', 'other']),
    server: z.string().nullable(),
  }),
  input: z.strictObject({
    bytes: z.int().min(0),
    commands: z.array(z.array(z.string())),
    expanded: z.array(z.int().min(0)),
    inline: z.array(z.strictObject({ program: z.string(), code: z.string() })),
    opaque: z.boolean(),
    paths: z.array(
      z.strictObject({ path: z.string(), absolute: z.boolean(), traversal: z.boolean(), write: z.boolean() }),
    ),
    hosts: z.array(z.string()),
  }),
  detections: counts,
  answer: z.strictObject({ call_index: z.int().min(0) }),
  excerpt,
});

export const adminInput = z.strictObject({
  v: z.literal(1),
  now,
  actor: principal,
  action: z.string(),
  requester: principal.nullable(),
  approval: z
    .strictObject({
      rule_ids: z.array(z.string()),
      action: z.string(),
      scope: z.enum(['once', 'session', 'time_boxed']).nullable(),
      quorum: z.int().min(1),
      decisions: z.array(z.strictObject({ person: z.string().nullable(), verdict: z.enum(['approve', 'deny']) })),
    })
    .nullable(),
});

export const decisionResult = z.strictObject({
  effect: z.enum(['allow', 'deny', 'require_approval']),
  reasons: z.array(
    z.strictObject({
      id: z.string(),
      message: z.string(),
      policy: z.string(),
      severity: z.enum(['low', 'medium', 'high', 'critical']),
    }),
  ),
  mask: z.array(
    z.strictObject({
      detectors: z.array(z.string()),
      mode: z.enum(['redact', 'partial', 'token']),
      restore: z.union([z.enum(['none', 'text']), z.array(z.string())]),
    }),
  ),
  credential: z.string().nullable(),
  record: z.enum(['full', 'metadata', 'none']),
  limits: z.strictObject({ max_output_tokens: z.int().min(1).nullable() }),
  stream: z.strictObject({
    chunk: z.enum(['off', 'on_detection', 'every']),
    deny_tools: z.array(z.string()),
    thresholds: z.record(z.string(), z.number()),
    thinking: z.enum(['omit', 'pass', 'refuse']),
  }),
  approval: z.array(
    z.strictObject({
      groups: z.array(z.string()),
      quorum: z.int().min(1),
      scopes: z.array(z.enum(['once', 'session', 'time_boxed'])),
      expires_s: z.int().min(1),
      grant_s: z.int().min(1),
      reason_required: z.boolean(),
    }),
  ),
  withhold: z.enum(['none', 'detected', 'turn']),
  on_tool_deny: z.enum(['replace', 'continue']),
});

/** The published schemas by file name, without the `.json`. */
export const contract = {
  request: requestInput,
  chunk: chunkInput,
  tool_use: toolUseInput,
  admin: adminInput,
  decision: decisionResult,
} as const;

/** What a schema and its type have to agree on; a difference is a compile error here. */
type Same<A, B> = [A] extends [B] ? ([B] extends [A] ? true : never) : never;
type Loose<T> = T extends readonly (infer E)[]
  ? readonly Loose<E>[]
  : T extends object
    ? { readonly [K in keyof T]: Loose<T[K]> }
    : T;
export const agreed: readonly [
  Same<Loose<z.infer<typeof requestInput>>, Loose<RequestInput>>,
  Same<Loose<z.infer<typeof chunkInput>>, Loose<ChunkInput>>,
  Same<Loose<z.infer<typeof toolUseInput>>, Loose<ToolUseInput>>,
  Same<Loose<z.infer<typeof adminInput>>, Loose<AdminInput>>,
] = [true, true, true, true];

/** The JSON Schema text of one document, as published. */
export function schemaText(name: keyof typeof contract): string {
  const { $schema: _, ...schema } = z.toJSONSchema(contract[name], { target: 'draft-7' });
  return `${JSON.stringify({ $schema: 'http://json-schema.org/draft-07/schema#', title: name, ...schema }, null, 2)}\n`;
}
