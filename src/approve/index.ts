/** Approvals by humans: questions, verdicts, grants, notices, and the steps that hold an exchange for them. */
export { createApproveAnswerStep } from './answer_step.ts';
export { type ApprovalDesk, type ApprovalsOptions, openApprovals } from './approvals.ts';
export type { CallApprovalOptions } from './call_release.ts';
export { fingerprintOf, requestFingerprint, toolCallFingerprint } from './fingerprint.ts';
export { createGrantStep } from './grant_step.ts';
export type { RequestApprovalOptions } from './held_request.ts';
export { createParking, type Parking } from './parking.ts';
export { createApproveStep } from './request_step.ts';
