import { type GatewayError, toGatewayError } from './errors.ts';
import type { Next, WayBackStep } from './model/answer.ts';
import type {
  AnswerEnd,
  Approved,
  Conversed,
  Credentialed,
  Decided,
  Framed,
  Granted,
  Identified,
  Masked,
  Read,
  Recorded,
  Scanned,
} from './model/exchange.ts';
import type { Arrival } from './receive/index.ts';

/*
 * The policy enforcement point: how a request goes in and how its answer comes back. Each step is one function of one
 * room; what the steps may rely on is in their types, so a step in the wrong place does not compile.
 */

/** The steps that the rooms provide. A step that has nothing to wait for returns at once. */
export interface Steps {
  readonly frame: (arrival: Arrival) => Framed;
  readonly identify: (exchange: Framed) => Identified | Promise<Identified>;
  readonly read: (exchange: Identified) => Read | Promise<Read>;
  readonly converse: (exchange: Read) => Conversed | Promise<Conversed>;
  readonly restore: (exchange: Conversed) => Conversed | Promise<Conversed>;
  readonly scan: (exchange: Conversed) => Scanned | Promise<Scanned>;
  readonly decide: (exchange: Scanned) => Decided | Promise<Decided>;
  readonly pin: (exchange: Decided) => Decided | Promise<Decided>;
  readonly mask: (exchange: Decided) => Masked | Promise<Masked>;
  readonly approve: (exchange: Masked) => Approved | Promise<Approved>;
  readonly credential: (exchange: Approved) => Credentialed | Promise<Credentialed>;
  readonly grant: (exchange: Credentialed) => Granted | Promise<Granted>;
  readonly record: (exchange: Granted) => Recorded | Promise<Recorded>;

  readonly back: {
    readonly hold: (exchange: Recorded) => WayBackStep;
    readonly scan: (exchange: Recorded) => WayBackStep;
    readonly decide: (exchange: Recorded) => WayBackStep;
    readonly mask: (exchange: Recorded) => WayBackStep;
    readonly note: (exchange: Recorded) => WayBackStep;
    readonly approve: (exchange: Recorded) => WayBackStep;
    readonly correct: (exchange: Recorded) => WayBackStep;
    readonly record: (exchange: Recorded) => WayBackStep;
    readonly restore: (exchange: Recorded) => WayBackStep;
  };
}

/** The way in. Each step proves one thing more, or refuses. */
function wayIn(steps: Steps): Way<Arrival, Recorded> {
  return way<Arrival>()
    .step(steps.frame)
    .step(steps.identify)
    .step(steps.read)
    .step(steps.converse)
    .step(steps.restore)
    .step(steps.scan)
    .step(steps.decide)
    .step(steps.pin)
    .step(steps.mask)
    .step(steps.approve)
    .step(steps.credential)
    .step(steps.grant)
    .step(steps.record);
}

/** The way back, for every part of the answer. What `write` gets is what the caller gets. */
export function wayBack({ back }: Steps, recorded: Recorded, write: WayBackStep): Next {
  // Masks that are decided within an answer hold for this answer alone.
  const exchange: Recorded = { ...recorded, maskPlan: new Map(recorded.maskPlan) };
  return chain([
    back.hold(exchange),
    back.scan(exchange),
    back.decide(exchange),
    back.mask(exchange),
    back.note(exchange),
    back.approve(exchange),
    back.correct(exchange),
    back.record(exchange),
    back.restore(exchange),
    write,
  ]);
}

/** A row of steps from one state of an exchange to the next. */
export interface Way<In extends object, Out extends object> {
  step<More extends object>(step: (exchange: Out) => More | Promise<More>): Way<In, More>;
  /**
   * Goes the whole way. `passed` is told each state that was reached, so that a refusal half-way can be recorded with
   * all that was known by then.
   */
  go(start: In, passed: (reached: object) => void): Promise<Out>;
}

type AnyStep = (exchange: object) => object | Promise<object>;

function way<Start extends object>(): Way<Start, Start> {
  return extend<Start, Start>([]);
}

function extend<In extends object, Out extends object>(steps: readonly AnyStep[]): Way<In, Out> {
  return {
    step: (step) => extend([...steps, step as AnyStep]),
    async go(start, passed) {
      let exchange: object = start;
      for (const step of steps) {
        const result = step(exchange);
        exchange = result instanceof Promise ? await result : result;
        passed(exchange);
      }
      return exchange as Out;
    },
  };
}

/** Joins steps so that each passes its parts to the one after it; what leaves the last one is done. */
function chain(steps: readonly WayBackStep[]): Next {
  return steps.reduceRight<Next>(
    (next, step) => (part) => step(part, next),
    () => undefined,
  );
}

/** How exchanges end: what the caller is told, what is recorded and counted. */
export interface Ends {
  /** It was refused before it was forwarded; `reached` is what the way in knew of it by then. Never rejects. */
  refused(arrival: Arrival, reached: Partial<Recorded>, error: GatewayError): Promise<void>;
  /** Its answer is over: `end` says how, or `error` why it broke off. Never rejects. */
  finished(exchange: Recorded, end: AnswerEnd | GatewayError): Promise<void>;
}

/** Answers one request: the way in, the forwarding with its way back, the end. Never rejects. */
export function createPipeline(
  steps: Steps,
  forward: (exchange: Recorded) => Promise<AnswerEnd>,
  ends: Ends,
): (arrival: Arrival) => Promise<void> {
  const inbound = wayIn(steps);
  return async (arrival) => {
    let reached: Partial<Recorded> = {};
    let exchange: Recorded;
    try {
      exchange = await inbound.go(arrival, (state) => {
        reached = state;
      });
    } catch (thrown) {
      await ends.refused(arrival, reached, toGatewayError(thrown));
      return;
    }
    await ends.finished(exchange, await forward(exchange).catch(toGatewayError));
  };
}
