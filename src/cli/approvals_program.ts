import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Command, Option } from 'commander';
import { StartError } from '../errors.ts';
import { type AdminClient, adminAt, consoleUrl } from './admin_client.ts';
import type { ApprovalsListOptions, VerdictOptions } from './approvals.ts';

/** How often `watch` looks, in milliseconds. */
const LOOK_MS = 2_000;

/** How a person reaches the admin API. */
interface Personal {
  readonly dataDir: string;
  readonly admin?: string;
  readonly tokenFile?: string;
}

type Act<Options> = (
  options: Options & Personal,
  admin: AdminClient,
  code: typeof import('./approvals.ts'),
  argument: string,
) => Promise<number>;

/** Adds `approvals` to the command line. `run` runs an action and turns a `StartError` into a message. */
export function addApprovals(
  program: Command,
  dataDirOption: () => Option,
  run: <Options>(
    action: (options: Options) => Promise<number>,
  ) => (options: Options, command: Command) => Promise<void>,
): void {
  const approvals = program
    .command('approvals')
    .description('what waits for humans: look at it, approve, deny, take back')
    .addHelpText(
      'after',
      `
A verdict is personal: it takes a token of a human with a login at most 15 minutes old, in SALLYPORT_TOKEN or
--token-file, and never the operator token.

Examples:
  export SALLYPORT_TOKEN=$(sallyport token --reviewer)
  sallyport approvals list
  sallyport approvals show apr_…
  sallyport approvals approve apr_… --fingerprint 28bdb2bda918`,
    );
  const add = <Options>(usage: string, description: string, act: Act<Options>): Command => {
    const command = approvals
      .command(usage)
      .description(description)
      .addOption(dataDirOption())
      .option('--admin <url>', 'admin port of the gateway, where it runs elsewhere')
      .addOption(new Option('--token-file <file>', 'file with your personal token; else SALLYPORT_TOKEN'));
    return command.action((...given: unknown[]) => {
      const argument = typeof given[0] === 'string' ? given[0] : '';
      return run<Options & Personal>(async (options) =>
        act(options, personalAdmin(options), await import('./approvals.ts'), argument),
      )(command.opts() as Options & Personal, command);
    });
  };
  const digits = ['--fingerprint <digits>', 'the first digits of the fingerprint that `show` printed'] as const;

  add<ApprovalsListOptions>('list', 'what waits, newest first', (options, admin, code) =>
    code.approvalsListCommand(options, admin, process.stdout),
  )
    .addOption(
      new Option('--state <state>', 'only these')
        .choices(['pending', 'approved', 'denied', 'expired', 'cancelled', 'superseded', 'all'])
        .default('pending'),
    )
    .option('--rule <id>', 'asked for by this rule')
    .option('--subject <name>', 'asked by this subject')
    .option('--json', 'as JSON')
    .addHelpText('after', '\nExample:\n  sallyport approvals list --state all --rule destructive-command');
  add<{ readonly json?: boolean }>('show <id>', 'exactly what a verdict is bound to', (options, admin, code, id) =>
    code.approvalsShowCommand(id, options, admin, process.stdout),
  )
    .option('--json', 'as JSON')
    .addHelpText('after', '\nExample:\n  sallyport approvals show apr_…');
  add<VerdictOptions>('approve <id>', 'let it happen, as it was shown', (options, admin, code, id) =>
    code.approvalsVerdictCommand(id, 'approve', options, admin, process.stdout),
  )
    .option(...digits)
    .addOption(new Option('--scope <scope>', 'how far').choices(['once', 'session', 'time_boxed']).default('once'))
    .option('--comment <text>', 'why')
    .option('--json', 'as JSON')
    .addHelpText(
      'after',
      '\nExample:\n  sallyport approvals approve apr_… --fingerprint 28bdb2bda918 --scope session --comment "release day"',
    );
  add<VerdictOptions>('deny <id>', 'refuse it', (options, admin, code, id) =>
    code.approvalsVerdictCommand(id, 'deny', options, admin, process.stdout),
  )
    .option(...digits)
    .option('--comment <text>', 'why; the caller reads it')
    .option('--json', 'as JSON')
    .addHelpText('after', '\nExample:\n  sallyport approvals deny apr_… --comment "not on a Friday"');
  add<{ readonly fingerprint?: string; readonly reason: string }>(
    'break-glass <id>',
    'let it happen at once and alone; another person reviews it afterwards',
    (options, admin, code, id) => code.approvalsBreakGlassCommand(id, options, admin, process.stdout),
  )
    .option(...digits)
    .requiredOption('--reason <text>', 'why it cannot wait')
    .addHelpText(
      'after',
      '\nExample:\n  sallyport approvals break-glass apr_… --fingerprint 28bdb2bda918 --reason "the shop is down"',
    );
  add<{ readonly comment?: string }>('revoke <grant>', 'take a grant back', (options, admin, code, grant) =>
    code.approvalsRevokeCommand(grant, options, admin, process.stdout),
  )
    .option('--comment <text>', 'why')
    .addHelpText('after', '\nA grant is named by `approvals show`.\n\nExample:\n  sallyport approvals revoke grt_…');
  add<ApprovalsListOptions>(
    'watch',
    'a line for each approval that comes to wait, until interrupted',
    (options, admin, code) => {
      const stop = new AbortController();
      process.once('SIGINT', () => stop.abort());
      const wait = () => sleep(LOOK_MS, undefined, { signal: stop.signal }).catch(() => undefined);
      return code.approvalsWatchCommand(options, admin, process.stdout, { signal: stop.signal, wait });
    },
  )
    .option('--rule <id>', 'asked for by this rule')
    .option('--subject <name>', 'asked by this subject')
    .option('--json', 'one JSON object a line')
    .addHelpText('after', '\nExample:\n  sallyport approvals watch --json | while read -r line; do …; done');
}

function personalAdmin({ dataDir, admin, tokenFile }: Personal): AdminClient {
  return adminAt(admin ?? consoleUrl(dataDir), personalToken(tokenFile));
}

function personalToken(file: string | undefined): string {
  const token = (file === undefined ? process.env.SALLYPORT_TOKEN : readToken(file))?.trim() ?? '';
  if (token !== '') return token;
  throw new StartError(
    'A verdict is personal. Put a token of yours into SALLYPORT_TOKEN or --token-file (in development: sallyport token --reviewer).',
  );
}

function readToken(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    throw new StartError(`${file} cannot be read.`, { cause });
  }
}
