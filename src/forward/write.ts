import { GatewayError } from '../errors.ts';
import type { AnswerPart, HeldBlock, StreamEvent, WayBackStep } from '../model/answer.ts';
import type { Reply } from '../model/exchange.ts';
import type { JsonObject } from '../model/json.ts';
import { eventBytes, madeEvent } from './sse.ts';

/** The last step of a stream's way back: gathers what one chunk of Claude's answer released and writes it at once. */
export interface StreamWriter {
  readonly step: WayBackStep;
  /** Writes what was gathered; a promise while the client does not keep up. */
  flush(): Promise<void> | undefined;
}

/** Makes the writer of one stream. Unchanged events leave as their original bytes. */
export function createStreamWriter(reply: Reply): StreamWriter {
  let gathered: Uint8Array[] = [];
  let written: Promise<void> | undefined;

  const flush = () => {
    if (gathered.length > 0) {
      const bytes = gathered.length === 1 ? gathered[0]! : Buffer.concat(gathered);
      gathered = [];
      written = reply.write(bytes);
    }
    const wait = written;
    written = undefined;
    return wait;
  };
  return {
    step: (part) => {
      // What a step releases later, outside of any chunk, must not wait for the next one.
      if (gathered.length === 0)
        queueMicrotask(() => {
          written = flush();
        });
      gather(part, gathered);
      return undefined;
    },
    flush,
  };
}

function gather(part: AnswerPart, into: Uint8Array[]): void {
  if (part.kind === 'event') {
    into.push(eventBytes(part));
    return;
  }
  requireVerdict(part);
  for (const event of blockEvents(part)) into.push(eventBytes(event));
}

/** The last fence: a client tool call leaves only with a verdict, and an allowed one only with its input. */
export function requireVerdict(part: HeldBlock): void {
  if (!part.call) return;
  const effect = part.verdict?.effect ?? 'require_approval';
  if (effect === 'require_approval' || (effect === 'allow' && part.inputText === null)) {
    throw new GatewayError('INTERNAL', 'a tool call came to be written without a verdict');
  }
}

/** The events of a whole block: its original ones, or start, one delta and stop. */
function blockEvents(part: HeldBlock): readonly StreamEvent[] {
  if (Array.isArray(part.original)) return part.original as readonly StreamEvent[];
  const { index, block } = part;
  if (part.inputText !== null) {
    return framed(index, { ...block, input: {} }, [{ type: 'input_json_delta', partial_json: part.inputText }]);
  }
  switch (block.type) {
    case 'text':
      return framed(index, ...textDeltas(block));
    case 'thinking': {
      // Clients empty these fields at the start and fill them from the deltas.
      const { thinking = '', signature = '' } = block;
      const said = thinking === '' ? [] : [{ type: 'thinking_delta', thinking }];
      return framed(index, { ...block, thinking: '', signature: '' }, [
        ...said,
        { type: 'signature_delta', signature },
      ]);
    }
    default:
      return framed(index, block, []);
  }
}

function textDeltas(block: JsonObject): [start: JsonObject, deltas: readonly JsonObject[]] {
  const said = { type: 'text_delta', text: block.text ?? '' };
  const start = { ...block, text: '' };
  if (!Array.isArray(block.citations)) return [start, [said]];
  const cited = block.citations.map((citation) => ({ type: 'citations_delta', citation }));
  return [{ ...start, citations: [] }, [said, ...cited]];
}

function framed(index: number, start: JsonObject, deltas: readonly JsonObject[]): readonly StreamEvent[] {
  return [
    madeEvent('content_block_start', { index, content_block: start }),
    ...deltas.map((delta) => madeEvent('content_block_delta', { index, delta })),
    madeEvent('content_block_stop', { index }),
  ];
}
