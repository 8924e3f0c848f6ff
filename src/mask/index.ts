/** Detectors over text, and the steps of both ways that report and mask what they find. */
export { createDetectors, type ExactValue, minimumExactLength } from './detectors.ts';
export type { TokenOptions } from './mask_request.ts';
export { type Answering, createMasking, type Masking } from './masking.ts';
export { Redactor, redactions } from './redact.ts';
export { type CompiledRule, compileRules } from './rules/compile.ts';
export { compileFolder } from './rules/folder.ts';
export { type DetectorRule, type RuleFault, type RuleSource, readExample, readRules } from './rules/format.ts';
export { encodeTables, loadTables, type TableRule, type Tables } from './rules/tables.ts';
