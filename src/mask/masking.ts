import { createHmac, randomBytes } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import type { WayBackStep } from '../model/answer.ts';
import type { Body } from '../model/body.ts';
import type { NewHits, PinnedRules } from '../model/content.ts';
import type { Conversed, Decided, Masked, Recorded, Scanned } from '../model/exchange.ts';
import type { Detectors, Focus, MaskMark, Redaction, RedactLeaf } from '../model/scan.ts';
import { cleanseBytes } from './cleanse.ts';
import { createDetectors, type ExactValue } from './detectors.ts';
import type { BodyFindings } from './leaves.ts';
import { maskInto, type TokenOptions } from './mask_request.ts';
import { createMaskStep } from './mask_step.ts';
import { ScanMemo } from './memo.ts';
import { createRedaction, redactText } from './redaction.ts';
import { addOlder, type BodyScan, scanBody } from './request.ts';
import { createRestoreStep } from './restore_step.ts';
import { builtinRules } from './rules/builtin.ts';
import { loadTables } from './rules/tables.ts';
import { createScanStep, type Findings } from './scan_step.ts';
import { ExchangeTokens, masksOf } from './tokens.ts';

/** What an exchange must have reached for its answer to be scanned and masked. */
export type Answering = Pick<Recorded, 'maskPlan' | 'decision' | 'masks' | 'notes'>;

/** The masking of one gateway: what to find, and the steps of both ways. */
export interface Masking {
  /** What is looked for now. Streams keep what they began with. */
  detectors(): Detectors;
  /** The exact values have changed: builds the detectors anew. Throws as `createDetectors`; then the old ones stay. */
  refresh(): void;
  /**
   * Other rules are active: loads compiled tables, or goes back to the built-in rules for null. Streams keep theirs.
   * Throws a RangeError for bytes that are no tables; then the old rules stay.
   */
  useRules(tables: Uint8Array | null): void;
  /** The active rule set as it was compiled, with its digest. */
  compiled(): { readonly digest: string; readonly bytes: Uint8Array };
  /** The active rules, for people. */
  rules(): readonly { readonly id: string; readonly class: string; readonly label: string }[];
  /**
   * The `scan` step of the way in; a promise only where there is much to scan. Throws, or rejects with, `GatewayError`
   * MASK_FAILED.
   */
  scanRequest(exchange: Conversed): Scanned | Promise<Scanned>;
  /**
   * The `mask` step of the way in: adds splices to the body, and begins the exchange's list of applied masks. Throws
   * `GatewayError` MASK_FAILED, or a TypeError for a body that `scanRequest` has not seen. A promise only where values
   * become tokens: it rejects with MASK_FAILED, or STATE_UNAVAILABLE where the conversation's tokens cannot be read.
   */
  maskRequest(exchange: Decided): Masked | Promise<Masked>;
  /** The `scan` step of the way back, for one answer. */
  scanStep(exchange: Answering): WayBackStep;
  /** The `mask` step of the way back, for the same answer. */
  maskStep(exchange: Answering): WayBackStep;
  /** The `restore` step of the way back, the last before the writer: tokens become values where policy allows it. */
  restoreStep(exchange: Answering): WayBackStep;
  /**
   * A text of a request that `scanRequest` has seen, as policy may be shown it. Throws a TypeError for another body.
   */
  readonly redactLeaf: RedactLeaf;
  /** The same for texts of an answer, for one answer. */
  redaction(exchange: Answering): Redaction;
  /** An answer that is no message, without the exact values of the moment. Throws `GatewayError` MASK_FAILED. */
  cleanse(bytes: Uint8Array): Uint8Array;
  close(): void;
}

/** What one answer's two steps share. */
interface Answer extends Findings {
  readonly detectors: Detectors;
  readonly tokens: ExchangeTokens;
}

/**
 * Makes the masking of a gateway. `exact` gives the exact values at the moment and is asked again by `refresh`; `key`
 * keys the hashes of the memo and of the digests.
 */
export function createMasking(options: {
  readonly exact: () => readonly ExactValue[];
  readonly key?: Uint8Array;
  /** Which hits of a request policy is told of as new; by default all are. */
  readonly newHits?: NewHits;
  /** Older rule sets whose masks apply in a conversation, too; by default there are none. */
  readonly pinned?: PinnedRules;
  /** By default tokens stay tokens. */
  readonly tokens?: TokenOptions;
}): Masking {
  const key = options.key ?? randomBytes(32);
  const newHits = options.newHits ?? ((_exchange, hits) => hits.map(({ spans }) => spans));
  const memo = new ScanMemo(key);
  const findings = new WeakMap<Body, BodyFindings>();
  const answers = new WeakMap<Answering, Answer>();
  let bytes = builtinRules();
  let tables = loadTables(bytes);
  const keyedHash =
    options.tokens?.keyedHash ??
    ((domain, text) => createHmac('sha256', key).update(`${domain}\0${text}`).digest('base64url'));
  /** By the list of applied masks, which is one exchange's own on both ways. */
  const tokensOf = new WeakMap<MaskMark[], ExchangeTokens>();
  const build = () => createDetectors(options.exact(), key, tables);
  let current = build();

  /** Detectors of older rule sets: exact values belong to the active ones alone. */
  const kept = new LRUCache<string, Detectors>({ max: 4 });
  const olderDetectors = (exchange: Conversed): readonly Detectors[] => {
    const digests = options.pinned?.older(exchange, tables.digest) ?? [];
    return digests.flatMap((digest) => {
      let detectors = kept.get(digest);
      const compiled = detectors ? null : options.pinned!.tables(digest);
      if (compiled) {
        detectors = createDetectors([], key, loadTables(compiled));
        kept.set(digest, detectors);
      }
      return detectors ?? [];
    });
  };

  // The answer is masked with the values of the moment it begins: the lease may be newer than the request's scan.
  const answerOf = (exchange: Answering): Answer => {
    let answer = answers.get(exchange);
    if (!answer) {
      const tokens = tokensOf.get(exchange.masks) ?? new ExchangeTokens(keyedHash, '', []);
      const detectors = tokens.entries.size > 0 ? current.withTokens([...tokens.entries.values()]) : current;
      answer = { detectors, tokens, pathSpans: new WeakMap(), clean: new WeakSet() };
      answers.set(exchange, answer);
    }
    return answer;
  };
  const lazily = (make: () => WayBackStep): WayBackStep => {
    let step: WayBackStep | null = null;
    return (part, next) => {
      step ??= make();
      return step(part, next);
    };
  };

  return {
    detectors: () => current,
    refresh() {
      current = build();
    },
    useRules(compiled) {
      const used = compiled ?? builtinRules();
      tables = loadTables(used);
      bytes = used;
      current = build();
    },
    compiled: () => ({ digest: tables.digest, bytes }),
    rules: () => tables.rules.map(({ id, class: name, label }) => ({ id, class: name, label })),
    scanRequest(exchange) {
      const keep = (result: BodyScan): Scanned => {
        if (exchange.body) findings.set(exchange.body, result.findings);
        return result.scanned;
      };
      const result = scanBody(exchange, current, { memo, newHits });
      const older = olderDetectors(exchange);
      if (older.length > 0)
        return Promise.resolve(result)
          .then((scan) => addOlder(scan, older, memo))
          .then(keep);
      return result instanceof Promise ? result.then(keep) : keep(result);
    },
    maskRequest(exchange) {
      const { body } = exchange;
      const found = body ? findings.get(body) : new Map();
      if (!found) throw new TypeError('a body is masked that was not scanned');
      const masks: MaskMark[] = [];
      if (!body) return { ...exchange, masks };
      const finish = (tokens: ExchangeTokens): Masked => {
        tokensOf.set(masks, tokens);
        return { ...exchange, masks };
      };
      const result = maskInto(masks, {
        exchange,
        body,
        found,
        detectors: current,
        memo,
        keyedHash,
        tokens: options.tokens,
      });
      return result instanceof Promise ? result.then(finish) : finish(result);
    },
    scanStep: (exchange) =>
      lazily(() => {
        const answer = answerOf(exchange);
        return createScanStep(answer.detectors, focusOf(exchange), answer);
      }),
    maskStep: (exchange) =>
      lazily(() => {
        const answer = answerOf(exchange);
        const { detectors, tokens } = answer;
        const masks = masksOf(detectors.always, exchange.maskPlan, exchange.masks, tokens);
        return createMaskStep(detectors, masks, answer);
      }),
    restoreStep(exchange) {
      const { entries } = answerOf(exchange).tokens;
      return entries.size === 0 ? (part, next) => next(part) : createRestoreStep(entries, exchange);
    },
    redactLeaf(body, leaf) {
      const found = findings.get(body);
      if (!found) throw new TypeError('a body is shown to policy that was not scanned');
      return redactText(body.leaves[leaf]!.text, found.get(leaf) ?? []);
    },
    redaction: (exchange) => createRedaction(() => answerOf(exchange).detectors),
    cleanse: (bytes) => cleanseBytes(bytes, current),
    close: () => memo.clear(),
  };
}

/** Text is held back only by what masks, or by what the stream directive decides on. */
function focusOf({ maskPlan, decision }: Answering): Focus {
  return { masked: new Set(maskPlan.keys()), reported: decision.stream.chunk === 'off' ? new Set() : null };
}
