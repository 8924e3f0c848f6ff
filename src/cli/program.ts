import { Command, InvalidArgumentError, Option } from 'commander';
import manifest from '../../package.json' with { type: 'json' };
import { StartError } from '../errors.ts';
import { bundleAlgorithms } from '../seal/index.ts';
import { addApprovals } from './approvals_program.ts';

const dataDirOption = () =>
  new Option('--data-dir <folder>', 'data directory of the gateway').env('SALLYPORT_DATA_DIR').default('./.sallyport');

const gatewayOption = () =>
  new Option('--gateway <url>', 'data port of the gateway').env('SALLYPORT_GATEWAY').default('http://127.0.0.1:8787');

interface WithDataDir {
  readonly dataDir: string;
}

/**
 * The command line. Each command loads its own code when it is called, so that `--help` and small commands are quick.
 * A command's exit code is 0, or 1 with a message on standard error.
 */
export function createProgram(): Command {
  const program = new Command('sallyport')
    .description('The policy-as-code gateway between your Claude agents and Claude.')
    .version(manifest.version)
    .showHelpAfterError('(add --help for the options and examples)')
    .addHelpText(
      'after',
      `
Examples:
  sallyport dev                                  try it: sandbox, development issuer, built-in policy
  sallyport serve --config sallyport.yaml        run it
  sallyport audit list --from 02:10 --to 02:20   who called Claude, what policy said
  sallyport sessions show ID                     what came back

A command ends with 0, or with 1 and the reason on standard error; checks print what they found and end with 1 too.`,
    );
  addGateway(program);
  addIdentity(program);
  addRecords(program);
  addApprovals(program, dataDirOption, run);
  addBundles(program);
  addDetectors(program);
  addConfig(program);
  return program;
}

function addGateway(program: Command): void {
  program
    .command('serve')
    .description('run the gateway with a configuration file')
    .requiredOption('-c, --config <file>', 'configuration file (YAML)')
    .addHelpText(
      'after',
      '\nExample:\n  SALLYPORT_LOG__LEVEL=warn sallyport serve --config /etc/sallyport/sallyport.yaml',
    )
    .action(run(async (options: { readonly config: string }) => (await import('./serve.ts')).serve(options)));
  program
    .command('dev')
    .description('run a gateway to try things on this machine: a sandbox stands in for Claude')
    .addOption(dataDirOption())
    .option('--listen <address>', 'data port', '127.0.0.1:8787')
    .option('--admin <address>', 'admin port', '127.0.0.1:8788')
    .option('--script <name>', 'script of the sandbox where the prompt names none', 'chat')
    .option('--seed <number>', 'seed of the sandbox', wholeNumber)
    .addHelpText(
      'after',
      '\nExamples:\n  sallyport dev\n  SALLYPORT_LOG__LEVEL=info sallyport dev           also why a token was refused\n  sallyport dev --script tools\n  sallyport dev --listen 127.0.0.1:9000 --admin 127.0.0.1:9001 --data-dir /tmp/try',
    )
    .action(run(async (options: import('./dev.ts').DevOptions) => (await import('./dev.ts')).dev(options)));
}

function addIdentity(program: Command): void {
  program
    .command('token')
    .description('print a token of the development issuer, or of a login')
    .addOption(dataDirOption())
    .option('--subject <name>', 'who it is for')
    .option('--function <name>', 'which program asks')
    .option('--group <name...>', 'groups of the principal')
    .option('--lifetime <time>', 'such as 90s or 15m, at most 24h; default 12h, 15m with --reviewer')
    .option('--reviewer', 'a personal token of reviewer@localhost, a second person for verdicts')
    .option('--link', 'with --reviewer: a one-time link to the console instead')
    .addOption(
      new Option('--login', 'a fresh token of `sallyport login`, for Claude Code’s apiKeyHelper').conflicts([
        'subject',
        'function',
        'group',
        'lifetime',
        'reviewer',
        'link',
      ]),
    )
    .addOption(gatewayOption())
    .addHelpText(
      'after',
      '\nExamples:\n  ANTHROPIC_AUTH_TOKEN=$(sallyport token --function nightly-report --lifetime 15m)\n  claude --settings \'{"apiKeyHelper": "sallyport token --login"}\'',
    )
    .action(
      run(async (options: import('./token.ts').TokenOptions) =>
        (await import('./token.ts')).tokenCommand(options, process.stdout),
      ),
    );
  program
    .command('login')
    .description('let this device in, approved by you in the console, for short tokens that renew themselves')
    .addOption(gatewayOption())
    .option('--name <text>', 'how the console calls this device; default its host name')
    .addHelpText('after', '\nExample:\n  sallyport login --gateway https://gateway.example')
    .action(
      run(async (options: import('./login.ts').LoginOptions) =>
        (await import('./login.ts')).loginCommand(options, process.stdout),
      ),
    );
  program
    .command('logout')
    .description('end the login of this device')
    .addOption(gatewayOption())
    .addHelpText('after', '\nExample:\n  sallyport logout --gateway https://gateway.example')
    .action(
      run(async (options: import('./login.ts').LoginOptions) =>
        (await import('./login.ts')).logoutCommand(options, process.stdout),
      ),
    );
  const revoke = program
    .command('revoke')
    .description('refuse a token, a session or all tokens of a subject from now on')
    .addOption(dataDirOption())
    .option('--subject <name>', 'all tokens of this subject')
    .option('--jti <id>', 'one token')
    .option('--session <id>', 'all tokens of this login session')
    .option('--issuer <iss>', 'exact issuer; absent: any')
    .option('--until <time>', 'when it ends; absent: never')
    .addHelpText(
      'after',
      '\nExamples:\n  sallyport revoke --subject build-bot\n  sallyport revoke list\n  sallyport revoke lift ID',
    )
    .action(
      run(async (options: import('./revoke.ts').RevokeOptions & WithDataDir) =>
        (await import('./revoke.ts')).revokeCommand(options, await admin(options), process.stdout),
      ),
    );
  revoke
    .command('list')
    .description('revocations in force')
    .option('--json', 'as JSON')
    .addHelpText('after', '\nExample:\n  sallyport revoke list --data-dir /var/lib/sallyport')
    .action(
      run(async (options: { readonly json?: boolean } & WithDataDir) =>
        (await import('./revoke.ts')).revokeListCommand(options, await admin(options), process.stdout),
      ),
    );
  revoke
    .command('lift <id>')
    .description('take a revocation back')
    .addHelpText('after', '\nExample:\n  sallyport revoke lift 4a2793c5a5fb8a4227d18fdd5ebf51b7')
    .action((id: string, _options: object, command: Command) =>
      run(async (options: WithDataDir) =>
        (await import('./revoke.ts')).revokeLiftCommand(id, await admin(options), process.stdout),
      )(command.optsWithGlobals(), command),
    );
}

function addRecords(program: Command): void {
  const range = (command: Command) =>
    command
      .addOption(dataDirOption())
      .option('--from <time>', 'such as 02:10, 2026-11-24T02:10Z or 2h (ago); UTC')
      .option('--to <time>', 'the same, exclusive')
      .option('--function <name>', 'which program asked')
      .option('--principal <subject>', 'who asked')
      .option('--json', 'as JSON');
  range(program.command('audit').description('who called Claude when, and who allowed it').command('list'))
    .description('exchanges, newest first')
    .addOption(
      new Option('--effect <effect>', 'what policy said; refused: before policy was asked').choices([
        'allow',
        'deny',
        'require_approval',
        'refused',
      ]),
    )
    .option('--limit <count>', 'at most so many', '50')
    .addHelpText(
      'after',
      '\nExamples:\n  sallyport audit list --from 02:10 --to 02:20\n  sallyport audit list --function nightly-report --effect refused --json',
    )
    .action(
      run(async (options: import('./audit.ts').AuditListOptions & WithDataDir) =>
        (await import('./audit.ts')).auditListCommand(options, await admin(options), process.stdout),
      ),
    );
  const sessions = program.command('sessions').description('conversations, and what came back in them');
  range(sessions.command('list'))
    .description('conversations, the one last used first')
    .addHelpText('after', '\nExample:\n  sallyport sessions list --from 2h --principal ann@acme.example')
    .action(
      run(async (options: import('./sessions.ts').SessionsListOptions & WithDataDir) =>
        (await import('./sessions.ts')).sessionsListCommand(options, await admin(options), process.stdout),
      ),
    );
  sessions
    .command('show <id>')
    .description('one conversation or exchange in full, from its sealed recording')
    .addOption(dataDirOption())
    .option('--json', 'as JSON')
    .addHelpText(
      'after',
      '\nID is that of a session (its first 8 characters do), or the request-id that a client shows.\n\nExamples:\n  sallyport sessions show conv_FL6054n\n  sallyport sessions show req_01CRHvEVo2vpLhKJfGrbercq --json',
    )
    .action((id: string, _options: object, command: Command) =>
      run(async (options: { readonly json?: boolean } & WithDataDir) =>
        (await import('./sessions.ts')).sessionsShowCommand(id, options, await admin(options), process.stdout),
      )(command.optsWithGlobals(), command),
    );
}

function addBundles(program: Command): void {
  const bundle = program.command('bundle').description('the policy bundle that decides');
  bundle
    .command('list')
    .description('the active bundle, its floor, and what was refused')
    .addHelpText('after', '\nExample:\n  sallyport bundle list --json | jq -r .active.revision')
    .addOption(dataDirOption())
    .option('--json', 'as JSON')
    .action(
      run(async (options: { readonly json?: boolean } & WithDataDir) =>
        (await import('./bundle.ts')).bundleListCommand(options, await admin(options), process.stdout),
      ),
    );
  bundle
    .command('accept <version>')
    .description('set the floor to a bundle version, also to an older one, knowingly: the way back')
    .addOption(dataDirOption())
    .option('--json', 'as JSON')
    .addHelpText('after', '\nExample:\n  sallyport bundle accept 1')
    .action((version: string, _options: object, command: Command) =>
      run(async (options: { readonly json?: boolean } & WithDataDir) =>
        (await import('./bundle.ts')).bundleAcceptCommand(version, options, await admin(options), process.stdout),
      )(command.optsWithGlobals(), command),
    );
  const policy = program.command('policy').description('inspect, test and check a bundle, without a gateway');
  const file = (command: Command) => command.option('--bundle <file>', 'bundle.tar.gz; absent: the built-in one');
  file(policy.command('inspect'))
    .description('what is in a bundle')
    .addHelpText('after', '\nExample:\n  sallyport policy inspect --bundle bundles/baseline/1.1.0/signed.tar.gz')
    .option('--json', 'as JSON')
    .action(
      run(async (options: import('./policy.ts').PolicyOptions) =>
        (await import('./policy.ts')).policyInspectCommand(options, process.stdout),
      ),
    );
  file(policy.command('test'))
    .description('run the examples of a bundle in the engine that enforces')
    .addHelpText('after', '\nExample:\n  sallyport policy test --bundle bundle.tar.gz')
    .option('--json', 'as JSON')
    .action(
      run(async (options: import('./policy.ts').PolicyOptions) =>
        (await import('./policy.ts')).policyTestCommand(options, process.stdout),
      ),
    );
  file(policy.command('check'))
    .description('verify a bundle as a gateway would')
    .option('--key <file>', 'public key, PEM')
    .addOption(new Option('--algorithm <name>', 'of the key').choices(bundleAlgorithms))
    .option('--scope <name>', 'scope that the signature must have')
    .addHelpText(
      'after',
      '\nExample:\n  sallyport policy check --bundle signed.tar.gz --key policy.pem --algorithm ES256 --scope production',
    )
    .action(
      run(async (options: import('./policy.ts').PolicyCheckOptions) =>
        (await import('./policy.ts')).policyCheckCommand(options, process.stdout),
      ),
    );
}

const seenThrough = `
A value is found in these spellings, too:
  invisible characters inside it, full-width letters
  %41  %2541  \\x41  \\u0041  \\u{41}  \\101  \\n  \\/  U+0041  &#65;  &#x41;  &hyphen;
  colours of the terminal and markdown emphasis inside it
  hexadecimal digits of 16 characters and more
  base64, where it is the gateway's own or begins like a well-known one
Out of reach: halves, spaces between all characters, other alphabets; see docs/guides/detectors.md.
`;

function addDetectors(program: Command): void {
  const rules = (command: Command) => command.option('--rules <folder>', 'rule files; absent: the built-in library');
  rules(program.command('mask'))
    .description('read text, write it masked')
    .option('--detectors <names>', 'classes or rule ids, separated by commas')
    .option('--chunk <count>', 'cut the text into pieces of so many characters, as a stream would', wholeNumber)
    .option('--explain', 'say which rule covered what')
    .option('--json', 'as JSON')
    .addHelpText('after', `${seenThrough}\nExample:\n  git diff | sallyport mask --explain`)
    .action(
      run(async (options: import('./mask.ts').MaskOptions) =>
        (await import('./mask.ts')).maskCommand(options, process.stdin, process.stdout, process.stderr),
      ),
    );
  const detectors = program.command('detectors').description('the rules that find secrets and personal data');
  rules(detectors.command('list'))
    .description('every rule with its class')
    .addHelpText('after', '\nExample:\n  sallyport detectors list --rules rules')
    .option('--json', 'as JSON')
    .action(
      run(async (options: import('./rules.ts').RulesOptions & { readonly json?: boolean }) =>
        (await import('./detectors.ts')).detectorsList(options, process.stdout),
      ),
    );
  rules(detectors.command('show <id>'))
    .description('one rule, with its examples')
    .addHelpText('after', '\nExample:\n  sallyport detectors show payment-card')
    .action((id: string, _options: object, command: Command) =>
      run(async (options: import('./rules.ts').RulesOptions) =>
        (await import('./detectors.ts')).detectorsShow(id, options, process.stdout),
      )(command.optsWithGlobals(), command),
    );
  rules(detectors.command('test'))
    .description('try the examples of every rule')
    .addHelpText('after', '\nExample:\n  sallyport detectors test --rules rules')
    .action(
      run(async (options: import('./rules.ts').RulesOptions) =>
        (await import('./detectors.ts')).detectorsTest(options, process.stdout),
      ),
    );
  rules(detectors.command('compile <file>'))
    .description('write the tables that a bundle carries')
    .addHelpText('after', '\nExample:\n  sallyport detectors compile detectors.bin --rules rules')
    .action((target: string, _options: object, command: Command) =>
      run(async (options: import('./rules.ts').RulesOptions) =>
        (await import('./detectors.ts')).detectorsCompile(target, options, process.stdout),
      )(command.optsWithGlobals(), command),
    );
}

function addConfig(program: Command): void {
  const config = program.command('config').description('check and show configuration files');
  const file = () => new Option('-c, --config <file>', 'configuration file (YAML)').makeOptionMandatory();
  config
    .command('check')
    .description('report every fault of a file at once')
    .addOption(file())
    .option('--json', 'as JSON')
    .addHelpText('after', '\nExample:\n  sallyport config check --config sallyport.yaml')
    .action(
      run(async (options: { readonly config: string; readonly json?: boolean }) =>
        (await import('./config.ts')).configCheck(options, process.env, process.stdout),
      ),
    );
  config
    .command('print')
    .description('the configuration in force, secrets hidden')
    .addOption(file())
    .addHelpText('after', '\nExample:\n  sallyport config print --config sallyport.yaml')
    .action(
      run(async (options: { readonly config: string }) =>
        (await import('./config.ts')).configPrint(options, process.env, process.stdout),
      ),
    );
  config
    .command('schema')
    .description('JSON Schema of the file, for editors')
    .addHelpText('after', '\nExample:\n  sallyport config schema > sallyport.schema.json')
    .action(run(async () => (await import('./config.ts')).configSchemaCommand(process.stdout)));
}

async function admin(options: WithDataDir): Promise<import('./admin_client.ts').AdminClient> {
  return (await import('./admin_client.ts')).openAdmin(options.dataDir);
}

/** Runs a command and turns what it throws into an exit code and a message; a stack is shown for faults of ours only. */
function run<Options>(command: (options: Options) => Promise<number>) {
  return async (options: Options, from?: Command): Promise<void> => {
    try {
      process.exitCode = await command({ ...options, ...from?.optsWithGlobals() });
    } catch (thrown) {
      process.stderr.write(`${toldOf(thrown)}\n`);
      process.exitCode = 1;
    }
  };
}

/** What a person is told: the message of a fault of theirs or of the system, the stack of one of ours. */
function toldOf(thrown: unknown): string {
  if (!(thrown instanceof Error)) return String(thrown);
  const known = thrown instanceof StartError || thrown.name === 'ConfigFaults' || 'syscall' in thrown;
  return known ? thrown.message : (thrown.stack ?? thrown.message);
}

function wholeNumber(text: string): number {
  if (!/^\d{1,15}$/.test(text)) throw new InvalidArgumentError('It is a whole number.');
  return Number(text);
}
