import { type ChildProcess, fork } from 'node:child_process';
import { join } from 'node:path';

/** A child process of the benchmark that has said where it listens. */
export interface Running {
  readonly url: string;
  readonly token: string;
  /** Sends a message and waits for the answer. */
  ask<Answer>(message: object): Promise<Answer>;
  stop(): void;
}

/** Starts a file of this folder with one argument; resolves when it is ready. */
export async function start(file: string, argument = ''): Promise<Running> {
  const child = fork(join(import.meta.dirname, file), [argument], {
    execArgv: [],
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  const ready = await answerOf<{ url: string; token?: string }>(child, file);
  return {
    url: ready.url,
    token: ready.token ?? 'none',
    async ask<Answer>(message: object) {
      const answer = answerOf<Answer & { fault?: string }>(child, file);
      child.send(message);
      const got = await answer;
      if (got.fault !== undefined) throw new Error(got.fault);
      return got;
    },
    stop: () => child.disconnect(),
  };
}

function answerOf<Answer>(child: ChildProcess, file: string): Promise<Answer> {
  const { promise, resolve, reject } = Promise.withResolvers<Answer>();
  const died = (code: number | null) => reject(new Error(`${file} ended with ${code}`));
  child.once('exit', died);
  child.once('message', (message) => {
    child.off('exit', died);
    resolve(message as Answer);
  });
  return promise;
}
