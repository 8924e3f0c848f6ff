/** The audit journal and the sealed recordings of this node: written on both ways, read by the admin API. */
export { openRecorder, type Recorder } from './recorder.ts';
export type { RecordMode } from './recording.ts';
