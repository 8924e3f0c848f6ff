import { parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads';
import { type Batch, JournalFile } from './journal_file.ts';
import type { FromWorker, ToWorker, WorkerStart } from './journal_messages.ts';
import { SegmentSealer } from './segments.ts';

/**
 * The one writer of the journal, on a thread of its own: commits wait for the disk, and nothing else may. All batches
 * that have arrived by the time a transaction begins become durable in it together (group commit), so that the more
 * there is to do the less each batch costs.
 */
const port = parentPort;
if (!port) throw new TypeError('the journal worker runs in a worker thread');
const start = workerData as WorkerStart;
const sealer = new SegmentSealer({ id: start.sealingId, key: start.sealingKey });
/** Null while what is on disk is in doubt. */
let file: JournalFile | null = null;
let tip = { seq: 0, id: '' };

function tell(message: FromWorker): void {
  port?.postMessage(message);
}

function open(): void {
  try {
    const opened = new JournalFile(start.path, sealer);
    try {
      // A failed sync is never trusted when it is tried again: what was reported as durable must be found.
      opened.verify(tip);
      const closed = start.crashed && tip.seq === 0 ? opened.closeUnfinished() : 0;
      tip = opened.tip;
      file = opened;
      tell({ kind: 'ready', closed });
    } catch (fault) {
      opened.close();
      throw fault;
    }
  } catch (fault) {
    tell({ kind: 'unready', detail: text(fault) });
  }
}

function drop(): void {
  try {
    file?.close();
  } catch {
    // It is in doubt anyway, and what matters is checked when it is opened anew.
  }
  file = null;
}

function commit(first: ToWorker & { readonly kind: 'batch' }): ToWorker | null {
  const batches: Batch[] = [first];
  const numbers = [first.number];
  let other: ToWorker | null = null;
  for (let next = receiveMessageOnPort(port!); next; next = receiveMessageOnPort(port!)) {
    const message = next.message as ToWorker;
    if (message.kind !== 'batch') {
      other = message;
      break;
    }
    batches.push(message);
    numbers.push(message.number);
  }
  try {
    if (!file) throw new Error('the journal is not open');
    file.commit(batches);
    tip = file.tip;
    tell({ kind: 'done', batches: numbers });
    file.tidy();
  } catch (fault) {
    drop();
    tell({ kind: 'failed', batches: numbers, detail: text(fault) });
  }
  return other;
}

function text(fault: unknown): string {
  return fault instanceof Error ? `${fault.message}${fault.cause ? ` (${String(fault.cause)})` : ''}` : String(fault);
}

port.on('message', (received: ToWorker) => {
  for (let message: ToWorker | null = received; message; ) {
    if (message.kind === 'batch') {
      message = commit(message);
      continue;
    }
    drop();
    if (message.kind === 'reopen') open();
    else {
      tell({ kind: 'closed' });
      port.close();
    }
    message = null;
  }
});
open();
