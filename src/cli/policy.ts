import { readFileSync } from 'node:fs';
import type { Writable } from 'node:stream';
import {
  type BundleContent,
  type BundleFiles,
  BundleRefused,
  builtinUrl,
  contentOf,
  readArchive,
  verifyBundle,
} from '../bundle/index.ts';
import { loadPolicy, runCorpus } from '../decide/index.ts';
import { StartError } from '../errors.ts';
import { bundleKeyFault } from '../seal/index.ts';

/** Which bundle a `policy` command looks at; absent: the built-in one. */
export interface PolicyOptions {
  readonly json?: boolean;
  /** Path of a `bundle.tar.gz`. */
  readonly bundle?: string;
}

/** How `policy check` verifies a signature; all three or none. */
export interface PolicyCheckOptions extends PolicyOptions {
  /** PEM file with the public key. */
  readonly key?: string;
  readonly algorithm?: string;
  readonly scope?: string;
}

/** `sallyport policy inspect`: what a bundle says of itself, without running it. Rejects with `StartError`. */
export async function policyInspectCommand(options: PolicyOptions, output: Writable): Promise<number> {
  const { files, content } = await open(options);
  if (options.json) {
    const { bundle, version, revision, manifestVersion: bundle_version, corpus } = content;
    const sizes = Object.fromEntries([...files].sort().map(([name, bytes]) => [name, bytes.length]));
    const signed = files.has('.signatures.json');
    const shown = { bundle, version, bundle_version, revision, signed, corpus: corpus.length, files: sizes };
    output.write(`${JSON.stringify(shown, null, 2)}\n`);
    return 0;
  }
  output.write(`bundle    ${content.bundle} ${content.version}\n`);
  output.write(`revision  ${content.revision}\n`);
  output.write(`signed    ${files.has('.signatures.json') ? 'yes (policy check verifies it)' : 'no'}\n`);
  output.write(`corpus    ${content.corpus.length} cases\n`);
  for (const name of [...files.keys()].sort())
    output.write(`  ${String(files.get(name)!.length).padStart(8)}  ${name}\n`);
  return 0;
}

/**
 * `sallyport policy test`: runs the bundle's own corpus in the engine that enforces. Exit code 1 where a case gives
 * another decision than it states. Rejects with `StartError`.
 */
export async function policyTestCommand(options: PolicyOptions, output: Writable): Promise<number> {
  const { content } = await open(options);
  const results = runCorpus(content);
  if (options.json) {
    output.write(`${JSON.stringify(results, null, 2)}\n`);
    return results.every(({ fault }) => fault === null) ? 0 : 1;
  }
  for (const { name, point, fault } of results) {
    output.write(fault === null ? `ok      ${point}: ${name}\n` : `FAILED  ${point}: ${name}: ${fault}\n`);
  }
  const failed = results.filter(({ fault }) => fault !== null).length;
  output.write(`${results.length - failed} passed, ${failed} failed\n`);
  return failed === 0 ? 0 : 1;
}

/**
 * `sallyport policy check`: all that the gateway checks before a bundle decides, the signature where a key is given.
 * Exit code 1 with the named reason where it would be refused. Rejects with `StartError`.
 */
export async function policyCheckCommand(options: PolicyCheckOptions, output: Writable): Promise<number> {
  const { key, algorithm, scope } = options;
  const given = [key, algorithm, scope].filter((value) => value !== undefined).length;
  if (given > 0 && given < 3)
    throw new StartError('A signature is checked with --key, --algorithm and --scope together.');
  try {
    if (key !== undefined) {
      const pem = read(key).toString();
      const found = bundleKeyFault(pem, algorithm!);
      if (found !== null) throw new StartError(`--key: ${found.message}. ${found.hint}`);
      const keys = [{ kid: 'given', algorithm: algorithm!, pem }];
      const rules = { keys, scope: scope!, now: Math.floor(Date.now() / 1000), anyKeyId: true };
      const { bundleVersion, expiresAt, content } = await verifyBundle(read(options.bundle ?? builtinUrl), rules, null);
      loadPolicy(content);
      const end = expiresAt === null ? 'no end' : `until ${new Date(expiresAt * 1000).toISOString()}`;
      output.write(
        `ok: ${content.bundle} ${content.version}, signed as bundle_version ${bundleVersion} for ${scope}, ${end}\n`,
      );
      return 0;
    }
    const { content } = await open(options);
    loadPolicy(content);
    output.write(
      `ok: ${content.bundle} ${content.version}, signature not checked (name --key, --algorithm and --scope)\n`,
    );
    return 0;
  } catch (thrown) {
    if (thrown instanceof StartError) throw thrown;
    const reason = thrown instanceof BundleRefused ? thrown.reason : 'self_test';
    output.write(`refused (${reason}): ${thrown instanceof Error ? thrown.message : String(thrown)}\n`);
    return 1;
  }
}

async function open(options: PolicyOptions): Promise<{ readonly files: BundleFiles; readonly content: BundleContent }> {
  try {
    const files = await readArchive(read(options.bundle ?? builtinUrl));
    return { files, content: contentOf(files) };
  } catch (thrown) {
    if (!(thrown instanceof BundleRefused)) throw thrown;
    throw new StartError(`The bundle is not acceptable (${thrown.reason}): ${thrown.message}`, { cause: thrown });
  }
}

function read(path: string | URL): Buffer {
  try {
    return readFileSync(path);
  } catch (cause) {
    throw new StartError(`There is no readable file ${path}.`, { cause });
  }
}
