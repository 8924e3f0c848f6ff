/** The policy decision point: Rego on WASM, the documents it sees, and the steps that carry its decisions out. */
export { createAnswerStep } from './answer_step.ts';
export type { AnswerStepOptions, Renaming } from './call.ts';
export type { Clock } from './clock.ts';
export { type CorpusResult, loadPolicy, runCorpus } from './policy.ts';
export { projectPrincipal } from './project.ts';
export { createRequestStep, type RequestStepOptions } from './request_step.ts';
