/** Approvals by humans: questions, verdicts, grants, notices, and the steps that hold an exchange for them. */
export { type ApprovalDesk, type ApprovalsOptions, openApprovals } from './approvals.ts';
export { type CallToBind, requestFingerprint, toolCallFingerprint } from './fingerprint.ts';
export * from './steps.ts';
