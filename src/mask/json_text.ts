import type { Detectors, Focus } from '../model/scan.ts';
import { replaceInLiteral, textsOf } from './literal.ts';
import { type Redactor, replaceRuns } from './redact.ts';

/**
 * The JSON text with covered stretches of its strings replaced, and a number that is covered by a string; every other
 * byte as it was.
 */
export function maskJson(json: string, detectors: Detectors, redactor: () => Redactor, focus?: Focus): string {
  let out = '';
  let copied = 0;
  for (const { start, end, text, number } of textsOf(json)) {
    const { spans } = detectors.scan(text, focus);
    if (spans.length === 0) continue;
    const runs = redactor().runs(text, spans);
    if (runs.length === 0) continue;
    const instead = number ? JSON.stringify(replaceRuns(text, runs)) : replaceInLiteral(json.slice(start, end), runs);
    out += json.slice(copied, start) + instead;
    copied = end;
  }
  return out + json.slice(copied);
}
