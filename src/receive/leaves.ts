import { Kind, type Step, type Tape, TapeNode } from '../json/index.ts';
import type { Body, Leaf, LeafKind, Origin } from '../model/body.ts';
import { isOtherBlock, messagesPlace, type Place, requestPlace } from './places.ts';

/** A number in the input of a tool call that is spelled with as many signs may be a card or an account. */
const longNumber = 8;

/** Values looked at before others get their turn: about two milliseconds. */
const SLICE_VALUES = 16_384;

/** A container the walk is inside of. */
interface Frame {
  readonly parent: Frame | null;
  /** Where it is in its parent: an index, or the complement of the tape index of its key. */
  readonly segment: number;
  /** Tape index behind its last value. */
  readonly end: number;
  readonly place: Place;
  readonly origin: Origin;
  readonly message: number;
  readonly array: boolean;
  /** Elements seen so far. */
  count: number;
}

/** One string of the request; its text and path are made when they are asked for. */
class TapeLeaf implements Leaf {
  readonly key: boolean;
  readonly #tape: Tape;
  readonly #at: number;
  readonly #frame: Frame;
  readonly #segment: number;
  readonly #place: Place;

  constructor(tape: Tape, at: number, frame: Frame, segment: number, place: Place, key: boolean) {
    this.key = key;
    this.#tape = tape;
    this.#at = at;
    this.#frame = frame;
    this.#segment = segment;
    this.#place = place;
  }

  get path(): readonly (string | number)[] {
    const path = [segmentOf(this.#tape, this.#segment)];
    for (let frame = this.#frame; frame.parent !== null; frame = frame.parent) {
      path.push(segmentOf(this.#tape, frame.segment));
    }
    return path.reverse();
  }

  get origin(): Origin {
    return this.#place.origin ?? this.#frame.origin;
  }

  get kind(): LeafKind {
    return this.#place.kind;
  }

  get message(): number {
    return this.#frame.message;
  }

  get start(): number {
    return this.#tape.start(this.#at);
  }

  get end(): number {
    return this.#tape.end(this.#at);
  }

  get fixed(): boolean {
    return this.#place.fixed;
  }

  get number(): boolean {
    return this.#tape.kind(this.#at) === Kind.number;
  }

  get text(): string {
    return this.number ? new TapeNode(this.#tape, this.#at).spelling() : this.#tape.text(this.#at);
  }
}

/** The place of the member with that name, or null where the schema does not name it. */
function memberOf({ members }: Place, tape: Tape, name: number): Place | null {
  for (let i = 0; i < members.length; i++) if (tape.is(name, members[i]![0])) return members[i]![1];
  return null;
}

function segmentOf(tape: Tape, segment: number): string | number {
  return segment < 0 ? tape.text(~segment) : segment;
}

/**
 * Names every string of a Messages request by its position in the schema, in the order of the text. What the schema
 * does not know is a leaf too, property names included: nothing a model could read is left out.
 *
 * @param root an object
 * @returns the table, and the blocks beyond text, thinking, calls and results, filled once `step` gives true; each step
 *   looks at a bounded number of values
 */
export function classifyLeaves(root: TapeNode): Pick<Body, 'leaves' | 'blocks'> & { readonly step: Step } {
  const { tape } = root;
  const leaves: Leaf[] = [];
  const blocks: TapeNode[] = [];
  let behindBlocks = 0;
  let frame: Frame = {
    parent: null,
    segment: 0,
    end: tape.next(root.index),
    place: requestPlace,
    origin: 'system',
    message: -1,
    array: false,
    count: 0,
  };
  let at = root.index + 1;
  const end = tape.next(root.index);

  const step = (): boolean => {
    for (let budget = SLICE_VALUES; budget > 0 && at < end; budget--) {
      while (at >= frame.end) frame = frame.parent!;
      let place: Place;
      let segment: number;
      if (frame.array) {
        place = frame.place.items;
        segment = frame.count++;
      } else {
        segment = ~at;
        const named = memberOf(frame.place, tape, at);
        place = named ?? frame.place.rest;
        if (named === null) leaves.push(new TapeLeaf(tape, at, frame, segment, place, true));
        at++;
      }
      const kind = tape.kind(at);
      if (kind === Kind.string) leaves.push(new TapeLeaf(tape, at, frame, segment, place, false));
      else if (kind === Kind.number && place.kind === 'input' && tape.end(at) - tape.start(at) >= longNumber)
        leaves.push(new TapeLeaf(tape, at, frame, segment, place, false));
      else if (kind === Kind.object || kind === Kind.array) frame = enter(frame, place, segment, kind === Kind.array);
      at++;
    }
    return at >= end;
  };

  const enter = (parent: Frame, place: Place, segment: number, array: boolean): Frame => {
    const around = place.origin ?? parent.origin;
    let shape = place;
    if (!array && place.resolve !== null) {
      const node = new TapeNode(tape, at);
      shape = place.resolve(node, around);
      if (at >= behindBlocks && isOtherBlock(place, shape)) {
        blocks.push(node);
        behindBlocks = tape.next(at);
      }
    }
    return {
      parent,
      segment,
      end: tape.next(at),
      place: shape,
      origin: shape.origin ?? around,
      message: parent.place === messagesPlace && parent.array ? segment : parent.message,
      array,
      count: 0,
    };
  };

  return { leaves, blocks, step };
}
