import { eventLimits, parseText } from '../json/index.ts';
import { type AnswerPart, type HeldBlock, inTurn, type StreamEvent, type WayBackStep } from '../model/answer.ts';
import type { MaskDirective } from '../model/decision.ts';
import type { Recorded } from '../model/exchange.ts';
import type { JsonObject } from '../model/json.ts';
import type { TokenEntry } from '../model/token.ts';
import { addedText, deltaKind, withAddedText } from './answer.ts';
import { literalsOf, replaceInLiteral } from './literal.ts';
import { type Replacement, replaceRuns } from './redact.ts';
import { mapStrings } from './strings.ts';

/** Which tokens become values in one place. */
type Allowed = (className: string) => boolean;

/**
 * The `restore` step of the way back: tokens of this conversation become the values that its principal supplied, in
 * text where the decision says `restore: text`, in the input of a tool only where it names the tool. Tokens are found
 * however the text is cut; at most a token's length waits. What only looks like a token, or is spelled in other case,
 * stays; the latter is counted in the exchange's notes as `tokens_misspelled`. Unchanged events keep their bytes.
 */
export function createRestoreStep(
  entries: ReadonlyMap<string, TokenEntry>,
  { decision, notes }: Pick<Recorded, 'decision' | 'notes'>,
): WayBackStep {
  const byFolded = new Map([...entries.keys()].map((token) => [token.toLowerCase(), token]));
  const longest = Math.max(...byFolded.keys().map((token) => token.length));
  // Tokens are letters, digits and underscores.
  const anyToken = new RegExp([...entries.keys()].join('|'), 'gi');
  const inText = allowedBy(decision.mask, (restore) => restore === 'text');
  /** Deltas of one text block whose end may be the beginning of a token. */
  let waiting: StreamEvent[] = [];
  let text = '';

  const restorations = (said: string, allowed: Allowed): readonly Replacement[] => {
    const runs: Replacement[] = [];
    for (const { 0: form, index } of said.matchAll(anyToken)) {
      const token = byFolded.get(form.toLowerCase())!;
      if (token !== form) {
        notes.tokens_misspelled = Number(notes.tokens_misspelled ?? 0) + 1;
        continue;
      }
      const entry = entries.get(token)!;
      if (allowed(entry.class)) runs.push({ from: index, to: index + form.length, text: entry.value });
    }
    return runs;
  };

  /** Where a token may begin that the text so far does not end; the text's length where none may. */
  const undecided = (said: string): number => {
    const from = Math.max(0, said.length - longest + 1);
    for (let at = said.slice(from).search(/m/i); at !== -1 && from + at < said.length; ) {
      const tail = said.slice(from + at).toLowerCase();
      for (const token of byFolded.keys()) if (token.startsWith(tail)) return from + at;
      const next = tail.slice(1).search(/m/);
      if (next === -1) break;
      at += next + 1;
    }
    return said.length;
  };

  const release = (): AnswerPart[] => {
    if (waiting.length === 0) return [];
    const runs = restorations(text, inText);
    const parts = runs.length === 0 ? waiting : spread(waiting, text, runs);
    waiting = [];
    text = '';
    return parts;
  };

  const restoreString = (said: string, allowed: Allowed) => replaceRuns(said, restorations(said, allowed));

  const restoreBlock = (part: HeldBlock): HeldBlock => {
    if (part.inputText !== null) {
      const allowed = allowedBy(
        decision.mask,
        (restore) => restore.includes(String(part.block.name)) && restore !== 'text',
      );
      const inputText = restoreInput(part.inputText, allowed);
      if (inputText === part.inputText) return part;
      return { ...part, block: withInput(part.block, inputText), inputText, original: null };
    }
    if (part.block.type !== 'text') return part;
    const block = mapStrings(part.block, (said) => restoreString(said, inText)) as JsonObject;
    return block === part.block ? part : { ...part, block, original: null };
  };

  const restoreInput = (json: string, allowed: Allowed): string => {
    let out = '';
    let copied = 0;
    for (const { start, end, text: said } of literalsOf(json)) {
      const runs = restorations(said, allowed);
      if (runs.length === 0) continue;
      out += json.slice(copied, start) + replaceInLiteral(json.slice(start, end), runs);
      copied = end;
    }
    return out + json.slice(copied);
  };

  const restoreEvent = (event: StreamEvent): StreamEvent => {
    if (deltaKind(event) !== 'known') return event;
    const data = mapStrings(event.data, (said) => restoreString(said, inText)) as JsonObject;
    return data === event.data ? event : { ...event, data, bytes: null };
  };

  return (part, next) => {
    if (part.kind === 'event' && part.type === 'ping') return next(part);
    const added = part.kind === 'event' ? addedText(part) : null;
    if (added === null) {
      const last = part.kind === 'block' ? restoreBlock(part) : restoreEvent(part);
      return waiting.length === 0 ? next(last) : inTurn([...release(), last], next);
    }
    const event = part as StreamEvent;
    const before = waiting.length > 0 && waiting[0]!.index !== event.index ? release() : [];
    waiting.push(event);
    text += added;
    const parts = undecided(text) === text.length ? [...before, ...release()] : before;
    return parts.length === 1 ? next(parts[0]!) : inTurn(parts, next);
  };
}

function withInput(block: JsonObject, inputText: string): JsonObject {
  try {
    return 'input' in block ? { ...block, input: parseText(inputText, eventLimits) } : block;
  } catch {
    // Broken before, too: the text is what counts.
    return block;
  }
}

/** Classes whose masks all allow it. */
function allowedBy(masks: readonly MaskDirective[], allows: (restore: MaskDirective['restore']) => boolean): Allowed {
  return (className) => {
    const naming = masks.filter(({ detectors }) => detectors.includes(className));
    return naming.length > 0 && naming.every(({ restore }) => allows(restore));
  };
}

/** The events with a text restored that they say together; a value goes out in the event in which its token begins. */
function spread(events: readonly StreamEvent[], text: string, runs: readonly Replacement[]): AnswerPart[] {
  const parts: AnswerPart[] = [];
  let from = 0;
  for (const event of events) {
    const to = from + addedText(event)!.length;
    const own = runs
      .filter((run) => run.from < to && run.to > from)
      .map((run) => ({
        from: Math.max(run.from, from) - from,
        to: Math.min(run.to, to) - from,
        text: run.from >= from ? run.text : '',
      }));
    const part = own.length === 0 ? event : withAddedText(event, replaceRuns(text.slice(from, to), own));
    if (part) parts.push(part);
    from = to;
  }
  return parts;
}
