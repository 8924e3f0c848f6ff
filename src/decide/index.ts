/** The policy decision point: Rego on WASM, the documents it sees, and the steps that carry its decisions out. */
export { createMayAct } from './admin.ts';
export { carryOut, createAnswerStep } from './answer_step.ts';
export { callJudge, textBlock } from './call.ts';
export { loadPolicy, runCorpus } from './policy.ts';
export { projectPrincipal, projectRequest, projectToolUse } from './project.ts';
export { createRequestStep, decideRequest } from './request_step.ts';
