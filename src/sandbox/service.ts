import { createHash } from 'node:crypto';
import type { JsonObject } from '../model/json.ts';
import { type Answer, composeAnswer } from './answer.ts';
import { readAsked } from './asked.ts';
import { checkThinking } from './binding.ts';
import { countTokens, createPromptCache, usageOf } from './cache.ts';
import { checkMessages } from './check.ts';
import { isObject, textOf } from './json.ts';
import { type PrefixItem, prefixItems } from './prefix.ts';
import { createRandom, type Random } from './random.ts';
import { invalid } from './refusal.ts';
import { answerInForm } from './script/forms.ts';
import { scriptNamed } from './script/table.ts';

/** What the headers of a request say that the service needs. */
export interface Caller {
  readonly organization: string;
  readonly version: string;
  readonly betas: ReadonlySet<string>;
}

/** The model's side of the stand-in, without HTTP. */
export interface Service {
  /** @throws Refusal */
  answer(body: JsonObject, caller: Caller): { readonly answer: Answer; readonly random: Random };
  /** @throws Refusal */
  count(body: JsonObject, caller: Caller): JsonObject;
}

const MOST_ATTEMPTS_KEPT = 10_000;

/** Builds the service; `seed` decides every cut and the signing key, `secret` is what scripts let slip. */
export function createService(seed: number, script: string, secret: string, models: readonly string[]): Service {
  const key = createHash('sha256').update(`sallyport sandbox ${seed}`).digest();
  const cache = createPromptCache();
  const attempts = new Map<string, number>();
  let generation = 0;
  scriptNamed(script);

  const attemptOf = (conversation: string): number => {
    const before = attempts.get(conversation) ?? 0;
    attempts.delete(conversation);
    attempts.set(conversation, before + 1);
    if (attempts.size > MOST_ATTEMPTS_KEPT) attempts.delete(attempts.keys().next().value!);
    return before;
  };

  return {
    answer(body, caller) {
      const model = checkMessages(body, models, caller.version, false);
      const items = prefixItems(body);
      const kept = checkThinking(key, body, items, caller.organization, caller.betas);
      const asked = readAsked(body, secret, (place) => attemptOf(sessionOf(body, items, place)));
      const random = createRandom(seed ^ Math.imul(generation++, 0x9e3779b1));
      const steps = answerInForm(asked) ?? requestedScript(asked.directive?.name ?? script)(asked, asked.turn);
      let tokens: ReturnType<typeof cache.use> | null = null;
      const usage = (output: number): JsonObject => {
        tokens ??= cache.use(`${caller.organization} ${model}`, items);
        return usageOf(tokens, output);
      };
      const answer = composeAnswer(steps, {
        body,
        before: kept.before,
        transformations: kept.transformations,
        key,
        random,
        usage,
      });
      return { answer, random };
    },
    count(body, caller) {
      checkMessages(body, models, caller.version, true);
      const items = prefixItems(body);
      checkThinking(key, body, items, caller.organization, caller.betas);
      return { input_tokens: countTokens(items) };
    },
  };
}

/** What resends and continuations of one prompt in one session have in common. */
function sessionOf(body: JsonObject, items: readonly PrefixItem[], place: number): string {
  const hash = createHash('sha256').update(isObject(body.metadata) ? textOf(body.metadata.user_id) : '');
  for (const item of items) if (item.part === 'messages' && item.message <= place) hash.update(item.text);
  return hash.digest('base64');
}

function requestedScript(name: string): ReturnType<typeof scriptNamed> {
  try {
    return scriptNamed(name);
  } catch {
    throw invalid(`sandbox: there is no script "${name}"`);
  }
}
