import type { Decision } from '../model/decision.ts';

const effects = new Set(['allow', 'deny', 'require_approval']);
const severities = new Set(['low', 'medium', 'high', 'critical']);
const modes = new Set(['redact', 'partial', 'token']);
const records = new Set(['full', 'metadata', 'none']);
const chunks = new Set(['off', 'on_detection', 'every']);
const thinkings = new Set(['omit', 'pass', 'refuse']);
const withholds = new Set(['none', 'detected', 'turn']);
const denials = new Set(['replace', 'continue']);
const scopes = new Set(['once', 'session', 'time_boxed']);

/**
 * Checks a raw result of the engine against the decision schema, written by hand because it runs for every decision;
 * a test holds it against the published schema. Gives the decision, sorted, so that equal decisions are equal text.
 *
 * @throws Error that names the member that is wrong, or the problems policy itself found.
 */
export function checkDecision(result: unknown): Decision {
  const decision = object(result, 'result');
  if ('invalid' in decision) throw new Error(`policy contradicts itself: ${JSON.stringify(decision.invalid)}`);
  members(decision, 10, 'result');
  const limits = object(decision.limits, 'limits');
  members(limits, 1, 'limits');
  const stream = object(decision.stream, 'stream');
  members(stream, 4, 'stream');
  const checked = {
    effect: one(decision.effect, effects, 'effect'),
    reasons: list(decision.reasons, 'reasons').map(reason).sort(byText),
    mask: list(decision.mask, 'mask').map(mask).sort(byText),
    credential: decision.credential === null ? null : text(decision.credential, 'credential'),
    record: one(decision.record, records, 'record'),
    limits: {
      max_output_tokens:
        limits.max_output_tokens === null ? null : whole(limits.max_output_tokens, 1, 'limits.max_output_tokens'),
    },
    stream: {
      chunk: one(stream.chunk, chunks, 'stream.chunk'),
      deny_tools: texts(stream.deny_tools, 'stream.deny_tools').sort(),
      thresholds: numbers(stream.thresholds, 'stream.thresholds'),
      thinking: one(stream.thinking, thinkings, 'stream.thinking'),
    },
    approval: list(decision.approval, 'approval').map(approval).sort(byText),
    withhold: one(decision.withhold, withholds, 'withhold'),
    on_tool_deny: one(decision.on_tool_deny, denials, 'on_tool_deny'),
  };
  // Every member was checked against the closed list its type names.
  return checked as Decision;
}

function reason(value: unknown) {
  const entry = object(value, 'reasons');
  members(entry, 4, 'reasons');
  return {
    policy: text(entry.policy, 'reasons.policy'),
    id: text(entry.id, 'reasons.id'),
    message: text(entry.message, 'reasons.message'),
    severity: one(entry.severity, severities, 'reasons.severity'),
  };
}

function mask(value: unknown) {
  const entry = object(value, 'mask');
  members(entry, 3, 'mask');
  const restore = entry.restore;
  return {
    detectors: texts(entry.detectors, 'mask.detectors').sort(),
    mode: one(entry.mode, modes, 'mask.mode'),
    restore: restore === 'none' || restore === 'text' ? restore : texts(restore, 'mask.restore').sort(),
  };
}

function approval(value: unknown) {
  const entry = object(value, 'approval');
  members(entry, 6, 'approval');
  if (typeof entry.reason_required !== 'boolean') throw wrong('approval.reason_required');
  const wanted = texts(entry.scopes, 'approval.scopes').sort();
  for (const scope of wanted) one(scope, scopes, 'approval.scopes');
  return {
    groups: texts(entry.groups, 'approval.groups').sort(),
    quorum: whole(entry.quorum, 1, 'approval.quorum'),
    scopes: wanted,
    expires_s: whole(entry.expires_s, 1, 'approval.expires_s'),
    grant_s: whole(entry.grant_s, 1, 'approval.grant_s'),
    reason_required: entry.reason_required,
  };
}

function wrong(where: string): Error {
  return new Error(`the decision does not fit its schema at ${where}`);
}

function object(value: unknown, where: string): { [key: string]: unknown } {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw wrong(where);
  return value as { [key: string]: unknown };
}

// The members that are read are all required, so an unknown one shows in the count.
function members(value: object, count: number, where: string): void {
  if (Object.keys(value).length !== count) throw wrong(where);
}

function list(value: unknown, where: string): unknown[] {
  if (!Array.isArray(value)) throw wrong(where);
  return value;
}

function text(value: unknown, where: string): string {
  if (typeof value !== 'string') throw wrong(where);
  return value;
}

function texts(value: unknown, where: string): string[] {
  return list(value, where).map((entry) => text(entry, where));
}

function one(value: unknown, allowed: ReadonlySet<string>, where: string): string {
  if (typeof value !== 'string' || !allowed.has(value)) throw wrong(where);
  return value;
}

function whole(value: unknown, least: number, where: string): number {
  if (!Number.isSafeInteger(value) || (value as number) < least) throw wrong(where);
  return value as number;
}

function numbers(value: unknown, where: string): { readonly [name: string]: number } {
  const found = object(value, where);
  const sorted: { [name: string]: number } = Object.create(null);
  for (const name of Object.keys(found).sort()) {
    const number = found[name];
    if (typeof number !== 'number') throw wrong(where);
    sorted[name] = number;
  }
  return sorted;
}

// Sets leave the engine in the order of their hashes; few entries, so comparing their text is cheap enough.
function byText(a: unknown, b: unknown): number {
  const left = JSON.stringify(a);
  const right = JSON.stringify(b);
  return left < right ? -1 : left > right ? 1 : 0;
}
