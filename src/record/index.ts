/** The audit journal and the sealed recordings of this node: written on both ways, read by the admin API. */
export type { Known } from './events.ts';
export { openRecorder, type Recorder, type RecorderOptions } from './recorder.ts';
export type { RecordMode } from './recording.ts';
