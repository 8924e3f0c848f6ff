import type { Detectors, Redaction, Span } from '../model/scan.ts';
import { maskFailed } from './fault.ts';
import { maskJson } from './json_text.ts';
import { Redactor, redactions, replaceRuns } from './redact.ts';

/** Everything is redacted, whatever is masked elsewhere: what policy is shown must not depend on what it decides. */
const everything = redactions(() => true);

/** A text with everything redacted that the spans cover. */
export function redactText(text: string, spans: readonly Span[]): string {
  return replaceRuns(text, new Redactor(everything).runs(text, spans));
}

/** Redacts by these detectors. What it gives throws `GatewayError` MASK_FAILED. */
export function createRedaction(detectors: () => Detectors): Redaction {
  const failing = (redact: () => string): string => {
    try {
      return redact();
    } catch (cause) {
      throw maskFailed('an excerpt for policy', cause);
    }
  };
  return {
    text: (text, spans) => failing(() => redactText(text, spans ?? detectors().scan(text).spans)),
    json: (text) => failing(() => maskJson(text, detectors(), () => new Redactor(everything))),
  };
}
