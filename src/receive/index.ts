/** HTTP in: framing, the closed route table, body limits, error replies, health. */
export { createAdminServer } from './admin.ts';
export { type Admission, createAdmission } from './admission.ts';
export { type Arrival, createFrameStep } from './frame.ts';
export { createReadStep } from './read.ts';
export { type RefusalStyle, type RefusedRequest, refuse } from './refuse.ts';
export { createDataServer, type PortServer } from './server.ts';
export { createWeb } from './web.ts';
