import { z } from 'zod';
import { isLoopback } from '../model/host.ts';
import type { Context } from './context.ts';
import { fault, pathFrom } from './fields.ts';
import { secretFrom } from './secret.ts';

/** `store` of the configuration. */
export const store = (context: Context) =>
  z.strictObject({
    url: z
      .union([
        z.string().superRefine((url, refinement) => {
          checkUrl(url, refinement);
          if (URL.parse(url)?.password) {
            fault(
              refinement,
              'the URL holds a password',
              'Put the whole URL into a file or variable: {file: …}, {env: …}.',
            );
          }
        }),
        secretFrom(context).superRefine((secret, refinement) => checkUrl(secret.reveal(), refinement)),
      ])
      .prefault('sqlite')
      .describe(
        'Where shared state is kept: `sqlite`, in data_dir, or `postgres://user@host/database` for a fleet; a secret where it holds a password.',
      ),
    keys_dir: pathFrom(context)
      .optional()
      .describe('Folder with the keys that all nodes of a fleet share, owner-only; absent: `keys` in data_dir.'),
  });

/** Faults never repeat the URL: it may hold a password. */
function checkUrl(text: string, refinement: z.RefinementCtx): void {
  if (text === 'sqlite') return;
  const url = URL.parse(text);
  if (url === null || !/^postgres(ql)?:$/.test(url.protocol)) {
    fault(
      refinement,
      'not a known store',
      'Use sqlite for one gateway, or postgres://user@host:5432/database for a fleet.',
    );
    return;
  }
  if (url.pathname.length < 2)
    fault(refinement, 'the URL names no database', 'Write postgres://user@host:5432/database.');
  if (url.hostname !== '' && !isLoopback(url.hostname) && url.searchParams.get('sslmode') !== 'verify-full') {
    fault(
      refinement,
      'PostgreSQL on another host without checked TLS',
      'Add ?sslmode=verify-full, and &sslrootcert=FILE for a private certificate authority.',
    );
  }
}
