/** Detectors over text, and the steps of both ways that report and mask what they find. */
export { createDetectors, type ExactValue, minimumExactLength } from './detectors.ts';
export { type Answering, createMasking, type Masking } from './masking.ts';
