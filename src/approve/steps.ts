/** The steps by which humans come into both ways. */
export { type CallApprovalOptions, createApproveAnswerStep } from './answer_step.ts';
export { createGrantStep } from './grant_step.ts';
export { createParking, type Parking } from './parking.ts';
export { createApproveStep, type RequestApprovalOptions } from './request_step.ts';
