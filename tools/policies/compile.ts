import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type BundleFiles, readArchive } from '../../src/bundle/archive.ts';
import { detectorsFile } from '../../src/bundle/content.ts';
import { fileHash } from '../../src/bundle/hash.ts';
import { readsFile } from '../../src/bundle/reads.ts';
import { compileFolder, encodeTables } from '../../src/mask/index.ts';
import type { PolicyReads } from '../../src/model/decision.ts';
import { BuildFailed, run } from './opa.ts';
import type { Plan } from './plan.ts';
import { readsOf } from './reads.ts';

const ignored = ['--ignore', '*_test.rego', '--ignore', '.regal'];
// Asked on the way of every request and tool call; a decision on a piece of the answer has a shorter key of its own.
const cachedEntrypoints = ['sallyport/request', 'sallyport/tool_use'];

/**
 * The files of a bundle: what OPA makes of a folder of policies, and what it would drop: the corpus, the detector rules as
 * tables, and what the entrypoints read of their input.
 *
 * @throws BuildFailed
 */
export async function compileBundle(source: string): Promise<BundleFiles> {
  const files = new Map(await opaBuild(source, 'wasm'));
  for (const name of readdirSync(join(source, 'corpus')).sort()) {
    files.set(`corpus/${name}`, new Uint8Array(readFileSync(join(source, 'corpus', name))));
  }
  files.set(detectorsFile, new Uint8Array(compileDetectors(source)));
  const plan = JSON.parse(Buffer.from((await opaBuild(source, 'plan')).get('plan.json')!).toString()) as Plan;
  const module = fileHash('policy.wasm', files.get('policy.wasm')!, 'SHA-256');
  const reads: PolicyReads = { module, ...readsOf(plan, cachedEntrypoints) };
  files.set(readsFile, new TextEncoder().encode(`${JSON.stringify(reads, null, 1)}\n`));
  return files;
}

async function opaBuild(source: string, target: 'wasm' | 'plan'): Promise<BundleFiles> {
  const scratch = mkdtempSync(join(tmpdir(), 'sallyport-build-'));
  try {
    const output = join(scratch, 'bundle.tar.gz');
    const capabilities = ['--capabilities', 'capabilities.json'];
    run('opa', source, ['build', '-t', target, '-b', '.', ...ignored, ...capabilities, '-o', output]);
    return await readArchive(readFileSync(output));
  } finally {
    rmSync(scratch, { recursive: true });
  }
}

function compileDetectors(source: string): Uint8Array {
  const { compiled, faults } = compileFolder(join(source, 'detectors'));
  if (faults.length > 0) {
    throw new BuildFailed(faults.map(({ place, problem }) => `policies/detectors/${place}: ${problem}`).join('\n'));
  }
  return encodeTables(compiled);
}
