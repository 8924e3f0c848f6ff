import { createHash } from 'node:crypto';
import { createParking, type Parking } from '../../src/approve/index.ts';
import { GatewayError } from '../../src/errors.ts';
import type { Approval, Approvals, Grant, Question, Standing } from '../../src/model/approval.ts';
import type { Decision } from '../../src/model/decision.ts';
import type { KeptAnswer, Masked, Recorded, Reply } from '../../src/model/exchange.ts';
import type { Principal } from '../../src/model/principal.ts';
import { decisionOf } from '../model/decisions.ts';
import { agent, need } from './support.ts';

/*
 * An honest desk in memory for tests of the steps: one pending approval a fingerprint and principal, a grant that is
 * taken once, and a book of everything that was asked, taken and settled.
 */

interface Entry {
  approval: Approval;
  verdict: 'approve' | 'deny' | null;
  grant: 'none' | 'approved' | 'in_flight' | 'spent';
  readonly question: Question;
}

export interface FakeDesk extends Approvals {
  readonly entries: Entry[];
  /** Settlements of grants, in order. */
  readonly settled: string[];
  decide(entry: Entry | undefined, verdict: 'approve' | 'deny'): void;
  /** Says what `recheck` answers from now on. */
  enough: boolean;
}

export function fakeDesk(): FakeDesk {
  const entries: Entry[] = [];
  const settled: string[] = [];
  const wakes = new Set<() => void>();
  const wake = () => {
    for (const one of [...wakes]) one();
  };
  const standing = (entry: Entry): Standing => {
    const { approval } = entry;
    const grant = { id: `grt_${approval.id}` } as Grant;
    if (approval.state === 'approved') {
      if (entry.grant === 'approved') return { state: 'granted', approval, grant };
      return entry.grant === 'in_flight' ? { state: 'in_use', approval, grant } : { state: 'used', approval };
    }
    return { state: approval.state as 'pending', approval };
  };
  const set = (entry: Entry, state: Approval['state']) => {
    entry.approval = { ...entry.approval, state };
    wake();
  };
  const keyOf = ({ bound, principal }: Question) => `${principal.subject} ${bound.fingerprint}`;
  const find = (question: Question) =>
    entries.findLast(
      (entry) =>
        keyOf(entry.question) === keyOf(question) &&
        (['pending', 'denied'].includes(entry.approval.state) ||
          (entry.approval.state === 'approved' && entry.grant !== 'spent')),
    );
  const desk: FakeDesk = {
    entries,
    settled,
    enough: true,
    decide(entry, verdict) {
      if (entry?.approval.state !== 'pending') return;
      entry.grant = verdict === 'approve' ? 'approved' : 'none';
      set(entry, verdict === 'approve' ? 'approved' : 'denied');
    },
    mayConcern: () => entries.length > 0,
    look: async (question) => {
      const entry = find(question);
      return entry ? standing(entry) : null;
    },
    ask: async (question) => {
      const known = find(question);
      if (known) return standing(known);
      const { bound, principal, requirements, reasons } = question;
      const id = `apr_${entries.length}`;
      const approval = {
        id,
        state: 'pending',
        fingerprint: bound.fingerprint,
        requester: principal,
        requirements,
        reasons,
      };
      const entry: Entry = {
        approval: { ...approval, url: null, comment: null } as unknown as Approval,
        verdict: null,
        grant: 'none',
        question,
      };
      entries.push(entry);
      return standing(entry);
    },
    wait: (id, signal, deadline) =>
      new Promise((resolve, reject) => {
        const entry = entries.find(({ approval }) => approval.id === id)!;
        const end = (settle: () => void) => {
          wakes.delete(look);
          clearTimeout(timer);
          signal.removeEventListener('abort', stop);
          settle();
        };
        const look = () => {
          if (entry.approval.state !== 'pending') end(() => resolve(standing(entry)));
        };
        const stop = () => end(() => reject(signal.reason));
        const timer = setTimeout(() => end(() => resolve(standing(entry))), Math.max(0, deadline - Date.now()));
        wakes.add(look);
        if (signal.aborted) return stop();
        signal.addEventListener('abort', stop, { once: true });
        look();
      }),
    take: async ({ approval, grant }, _question, _exchange) => {
      const entry = entries.find((one) => one.approval.id === approval.id)!;
      if (entry.grant !== 'approved') return null;
      entry.grant = 'in_flight';
      return {
        grant,
        stands: async () => true,
        settle: async (dispatch) => {
          if (entry.grant !== 'in_flight') return;
          entry.grant = dispatch === 'delivered' ? 'spent' : 'approved';
          settled.push(dispatch);
          wake();
        },
      };
    },
    recheck: async (id) => {
      const entry = entries.find(({ approval }) => approval.id === id)!;
      if (desk.enough) return true;
      set(entry, 'superseded');
      return false;
    },
    supersede: async (id) => set(entries.find(({ approval }) => approval.id === id)!, 'superseded'),
    close: async () => undefined,
  };
  return desk;
}

export const fingerprintOf = (text: string) => createHash('sha256').update(text).digest('hex');

/** A reply that keeps what was written. */
export interface KeptReply extends Reply {
  readonly text: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly ended: boolean;
}

export function keptReply(): KeptReply {
  let [begun, status, text, ended] = [false, 0, '', false];
  let headers: Record<string, string> = {};
  return {
    get begun() {
      return begun;
    },
    get status() {
      return status;
    },
    get text() {
      return text;
    },
    get headers() {
      return headers;
    },
    get ended() {
      return ended;
    },
    begin(code, list) {
      begun = true;
      status = code;
      headers = Object.fromEntries(list.map(([name, value]) => [name.toLowerCase(), value]));
    },
    flush: () => undefined,
    keepAlive: () => undefined,
    write(bytes) {
      if (ended) throw new TypeError('written after the end');
      text += Buffer.from(bytes).toString();
      return undefined;
    },
    end(bytes) {
      if (bytes) text += Buffer.from(bytes).toString();
      ended = true;
    },
    done: async () => undefined,
    abort: () => undefined,
  };
}

export interface AskedExchange {
  readonly id?: string;
  readonly content?: string;
  readonly stream?: boolean;
  readonly principal?: Principal;
  readonly decision?: Decision;
  readonly signal?: AbortSignal;
  /** Laid over the rest. */
  readonly more?: Partial<Masked>;
}

/** A masked exchange as the approve step gets it; its fingerprint is that of `content`. */
export function maskedExchange(
  asked: AskedExchange = {},
): Masked & { readonly content: string; readonly reply: KeptReply } {
  const { id = 'req_1', content = 'hello', stream = true, principal = agent } = asked;
  const members: Readonly<Record<string, unknown>> = {
    stream: { boolean: () => stream },
    model: { string: () => 'claude-test' },
    max_tokens: { number: () => 100 },
  };
  return {
    id,
    content,
    startedAt: Date.now(),
    route: { action: 'messages.create' },
    client: { class: 'main' },
    identity: { principal },
    conversation: { id: 'c1' },
    body: { root: { get: (name: string) => members[name] ?? null } },
    reply: keptReply(),
    signal: asked.signal ?? new AbortController().signal,
    notes: {},
    policy: { bundle: 'b', version: '1', revision: 'r' },
    decision: asked.decision ?? {
      ...decisionOf('require_approval', [need()]),
      reasons: [{ id: 'rule', message: 'because', policy: 'p', severity: 'high' }],
    },
    ...asked.more,
  } as unknown as Masked & { readonly content: string; readonly reply: KeptReply };
}

/** The exchange of a running answer, with its place in a parking. */
export function recordedExchange(
  parking: Parking = createParking(),
  signal?: AbortSignal,
): Recorded & { readonly answer: KeptAnswer } {
  const exchange = maskedExchange({ ...(signal ? { signal } : {}) });
  const answer = parking.open({ exchange: exchange.id, principal: agent }, `key of ${exchange.id}`);
  return { ...exchange, answer } as unknown as Recorded & { readonly answer: KeptAnswer };
}

export const stopped = new GatewayError('DRAINING');
