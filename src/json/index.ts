/** Lossless JSON: scan once into a view over the original bytes, edit by splices, compare by canonical form. */
export { type CanonicalOptions, canonical, type JsonPath } from './canonical.ts';
export { JsonFault, type JsonFaultCode } from './fault.ts';
export { canonicalMessage } from './message.ts';
export { parse, SLICE_BYTES, type Step, scan, scanSliced, sliced, toJson } from './scan.ts';
export { defaultLimits, eventLimits, type JsonLimits } from './scanner.ts';
export { quote, render, splice } from './splice.ts';
export { Kind, shrink, type Tape, TapeNode } from './tape.ts';
export { parseText } from './text.ts';
