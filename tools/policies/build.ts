import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type BundleFiles, readArchive, writeArchive } from '../../src/bundle/archive.ts';
import { type BundleContent, contentOf } from '../../src/bundle/content.ts';
import { contract, schemaText } from '../../src/decide/contract.ts';
import { loadPolicy } from '../../src/decide/policy.ts';
import { compileBundle } from './compile.ts';
import { checkNames } from './names.ts';
import { BuildFailed, run } from './opa.ts';
import { testParity } from './parity.ts';
import { type Channels, refuseChange, withRelease } from './release.ts';
import { signInto, signingHelp } from './sign.ts';

/**
 * `make policies`: checks `policies/`, builds it twice, and writes `bundles/<name>/<version>/`. With SIGN=<key file> a
 * signed copy is written beside it (SCOPE, ALGORITHM, NOT_AFTER_DAYS say for what, how and how long). With RELEASE=<channel> the version becomes the one
 * that channel follows, and can never change again.
 */
const root = join(import.meta.dirname, '../..');
const source = join(root, 'policies');
const bundles = join(root, 'bundles');

async function main(): Promise<void> {
  checkSchemas();
  say('opa fmt', run('opa', source, ['fmt', '--fail', '--list', '.']));
  checkTypes();
  checkNames(source);
  say('opa check');
  run('regal', source, ['lint', '.']);
  say('regal lint');
  // OPA prints the coverage report only; its exit code counts both failed tests and uncovered lines.
  run('opa', source, ['test', '--coverage', '--threshold', '95', '-b', '.']);
  say('opa test', run('opa', source, ['test', '-b', '.']).trim());
  say('tests in WASM', await testParity(source));

  const files = await compileBundle(source);
  const content = contentOf(files);
  if (contentOf(await compileBundle(source)).revision !== content.revision)
    throw new BuildFailed('two builds gave two revisions');
  loadPolicy(content);
  say('self-test', `${content.corpus.length} cases of the corpus`);
  say('decisions cached', Object.keys(content.reads?.entrypoints ?? {}).join(', '));

  const channels = JSON.parse(readFileSync(join(bundles, 'channels.json'), 'utf8')) as Channels;
  refuseChange(content, channels);
  const folder = join(bundles, content.bundle, content.version);
  await write(folder, files, content);
  if (process.env.SIGN) say('signed', await signInto(folder, files, content, process.env));
  else process.stdout.write(`${signingHelp()}\n`);
  const channel = process.env.RELEASE;
  if (channel) {
    const released = withRelease(channels, channel, content);
    writeChanged(join(bundles, 'channels.json'), `${JSON.stringify(released, null, 2)}\n`);
    say('released', `channel ${channel}`);
  }
  process.stdout.write(`${content.bundle} ${content.version} revision ${content.revision}\n`);
}

function say(step: string, result = ''): void {
  process.stdout.write(`ok  ${step}${result ? `: ${result.split('\n').at(-1)}` : ''}\n`);
}

function checkSchemas(): void {
  for (const name of Object.keys(contract) as (keyof typeof contract)[]) {
    if (readFileSync(join(source, 'schemas', `${name}.json`), 'utf8') !== schemaText(name)) {
      throw new BuildFailed(`policies/schemas/${name}.json is out of date: run node tools/policies/schemas.ts`);
    }
  }
}

function checkTypes(): void {
  try {
    run('opa', source, ['check', '--strict', '--capabilities', 'capabilities.json', '--schema', 'schemas', '-b', '.']);
  } catch (thrown) {
    if (!(thrown instanceof BuildFailed) || !thrown.message.includes('undefined function')) throw thrown;
    throw new BuildFailed(
      `${thrown.message}A policy decides on its input alone: policies/capabilities.json lists its builtins.`,
    );
  }
}

async function write(folder: string, files: BundleFiles, content: BundleContent): Promise<void> {
  mkdirSync(folder, { recursive: true });
  const archive = await writeArchive(files);
  const path = join(folder, 'bundle.tar.gz');
  // Another zlib may spell equal content differently: a file that says the same stays as it is.
  if ((await revisionAt(path)) !== content.revision) writeFileSync(path, archive);
  const summary = {
    bundle: content.bundle,
    version: content.version,
    bundle_version: content.manifestVersion,
    revision: content.revision,
    opa: run('opa', source, ['version']).match(/Version: (\S+)/)?.[1] ?? null,
    files: [...files.keys()].sort(),
  };
  writeChanged(join(folder, 'release.json'), `${JSON.stringify(summary, null, 2)}\n`);
  const constants = {
    bundle: content.bundle,
    version: content.version,
    bundleVersion: content.manifestVersion,
    revision: content.revision,
  };
  const lines = Object.entries(constants).map(
    ([key, value]) => `  ${key}: ${typeof value === 'number' ? value : `'${value}'`},`,
  );
  const generated = join(root, 'src/bundle/generated');
  mkdirSync(generated, { recursive: true });
  const head = '// Written by `make policies`. The built-in bundle is trusted because its revision is this one.\n';
  writeChanged(join(generated, 'builtin.ts'), `${head}export const builtin = {\n${lines.join('\n')}\n} as const;\n`);
}

/** Leaves a file alone that already says this: a build that changes nothing must not disturb who reads it meanwhile. */
function writeChanged(path: string, text: string): void {
  if (!existsSync(path) || readFileSync(path, 'utf8') !== text) writeFileSync(path, text);
}

async function revisionAt(path: string): Promise<string | null> {
  try {
    return contentOf(await readArchive(readFileSync(path))).revision;
  } catch {
    return null;
  }
}

try {
  await main();
} catch (thrown) {
  process.stderr.write(`policies: ${thrown instanceof Error ? thrown.message : String(thrown)}\n`);
  process.exitCode = 1;
}
