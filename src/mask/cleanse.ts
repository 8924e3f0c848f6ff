import { isUtf8 } from 'node:buffer';
import type { Detectors, Focus } from '../model/scan.ts';
import { maskFailed } from './fault.ts';
import { maskJson } from './json_text.ts';
import { Redactor, redactions } from './redact.ts';

/** Exact values are looked for whatever else is. */
const nothingElse: Focus = { masked: new Set(), reported: new Set() };

/**
 * Takes exact values out of an answer that is no message (an error body, a list of models, a page of some proxy):
 * in string literals on decoded characters, and in the text as it stands. Returns the bytes themselves where nothing
 * is found. Throws `GatewayError` MASK_FAILED.
 */
export function cleanseBytes(bytes: Uint8Array, detectors: Detectors): Uint8Array {
  try {
    // What is no UTF-8 is read byte by byte, so that it comes out as it was.
    const encoding = isUtf8(bytes) ? 'utf8' : 'latin1';
    const text = Buffer.from(bytes).toString(encoding);
    const masks = redactions((className) => detectors.always.has(className));
    const redactor = () => new Redactor(masks);
    const literals = maskJson(text, detectors, redactor, nothingElse);
    const cleansed = redactor().apply(literals, detectors.scan(literals, nothingElse).spans);
    return cleansed === text ? bytes : Buffer.from(cleansed, encoding);
  } catch (cause) {
    throw maskFailed('an answer that is no message', cause);
  }
}
