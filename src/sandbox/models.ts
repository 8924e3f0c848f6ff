import type { JsonObject } from '../model/json.ts';
import { invalid, Refusal } from './refusal.ts';

/** The models that the stand-in knows where its caller names none. */
export const MODELS: readonly string[] = [
  'claude-fable-5-1',
  'claude-opus-5-5',
  'claude-sonnet-5-5',
  'claude-haiku-5-5',
  'claude-opus-4-8',
  'claude-sonnet-4-6',
  'claude-haiku-4-5-20251001',
];

/** The model a request means: as listed, without `[1m]`, an undated name standing for a dated one. */
export function findModel(models: readonly string[], name: string): string {
  const plain = name.replace(/\[1m\]$/, '');
  const found = models.find((model) => model === plain || model.replace(/-\d{8}$/, '') === plain);
  if (found === undefined) throw new Refusal('not_found_error', `model: ${name}`);
  return found;
}

/** One page of `GET /v1/models`. */
export function listModels(models: readonly string[], query: URLSearchParams): JsonObject {
  const limit = Number(query.get('limit') ?? 20);
  if (!Number.isInteger(limit) || limit < 1 || limit > 1000) {
    throw invalid(
      `limit: Input should be ${limit > 1000 ? 'less than or equal to 1000' : 'greater than or equal to 1'}`,
    );
  }
  const after = query.get('after_id');
  const before = query.get('before_id');
  let page = models;
  if (after !== null) page = models.slice(models.indexOf(after) + 1);
  if (before !== null) page = models.slice(0, Math.max(0, models.indexOf(before))).slice(-limit);
  const shown = page.slice(0, limit);
  return {
    data: shown.map(describeModel),
    has_more: before === null ? page.length > limit : models.indexOf(before) > limit,
    first_id: shown[0] ?? null,
    last_id: shown.at(-1) ?? null,
  };
}

/** One model in the service's form. */
export function describeModel(model: string): JsonObject {
  const words = model.replace(/-\d{8}$/, '').split('-');
  const name = words.filter((word) => !/^\d+$/.test(word)).map((word) => word[0]!.toUpperCase() + word.slice(1));
  const version = words.filter((word) => /^\d+$/.test(word)).join('.');
  return {
    type: 'model',
    id: model,
    display_name: `${name.join(' ')} ${version}`.trim(),
    created_at: '2026-09-01T00:00:00Z',
    max_input_tokens: 1_000_000,
    max_tokens: 128_000,
  };
}
