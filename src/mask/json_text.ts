import type { Detectors } from '../model/scan.ts';
import { literalsOf, replaceInLiteral } from './literal.ts';
import type { Redactor } from './redact.ts';

/** The JSON text with covered stretches of its string literals replaced; every other byte as it was. */
export function maskJson(json: string, detectors: Detectors, redactor: () => Redactor): string {
  let out = '';
  let copied = 0;
  for (const { start, end, text } of literalsOf(json)) {
    const { spans } = detectors.scan(text);
    if (spans.length === 0) continue;
    const runs = redactor().runs(text.length, spans);
    if (runs.length === 0) continue;
    out += json.slice(copied, start) + replaceInLiteral(json.slice(start, end), runs);
    copied = end;
  }
  return out + json.slice(copied);
}
