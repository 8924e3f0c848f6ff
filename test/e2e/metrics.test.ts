import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { type Stack, type StackOptions, startStack } from './stack.ts';

/** Starts a stack that ends with the test. */
async function started(options: StackOptions = {}): Promise<Stack> {
  const stack = await startStack(options);
  onTestFinished(() => stack.close());
  return stack;
}

/** The values of a metric by its labels, as Prometheus would read them. */
async function samples(stack: Stack, name: string): Promise<{ readonly [labels: string]: number }> {
  const text = await (await fetch(`${stack.adminUrl}/metrics`)).text();
  const lines = text.split('\n').filter((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `));
  return Object.fromEntries(
    lines.map((line) => [line.slice(name.length, line.lastIndexOf(' ')), Number(line.split(' ').at(-1))]),
  );
}

it('counts a request, times its way in and names the bundle that decided it', async () => {
  const stack = await started();
  const response = await fetch(`${stack.url}/v1/messages`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${await stack.token()}`,
      'content-type': 'application/json',
      'anthropic-version': '2023-06-01',
    },
    body: JSON.stringify({ model: 'claude-opus-5-5', max_tokens: 50, messages: [{ role: 'user', content: 'Hello' }] }),
  });
  expect(response.status, await response.text()).toBe(200);
  const route = 'route="/v1/messages"';
  await expect
    .poll(() => samples(stack, 'sallyport_requests_total'))
    .toEqual({ [`{${route},outcome="complete",reason="none"}`]: 1 });
  expect(await samples(stack, 'sallyport_admission_seconds_count')).toEqual({ [`{${route}}`]: 1 });
  const { active } = (await stack.admin.get('/admin/v1/bundles')) as {
    readonly active: { readonly bundle: string; readonly version: string; readonly revision: string };
  };
  expect(await samples(stack, 'sallyport_bundle_info')).toEqual({
    [`{name="${active.bundle}",version="${active.version}",revision="${active.revision}"}`]: 1,
  });
  expect(await samples(stack, 'sallyport_bundle_activation_failures_total')).toEqual({ '': 0 });
});

it('counts bundles that were refused, and names none that does not decide', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'metrics-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const key = join(folder, 'key.pem');
  const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  writeFileSync(key, publicKey.export({ format: 'pem', type: 'spki' }));
  writeFileSync(join(folder, 'bundle.tar.gz'), 'no bundle');
  const keys = [{ kid: 'k', algorithm: 'ES256', file: key }] as const;
  const stack = await started({ config: { policy: { source: folder, keys, scope: 'test' } } });
  expect(await samples(stack, 'sallyport_bundle_activation_failures_total')).toEqual({ '': 1 });
  expect(await samples(stack, 'sallyport_bundle_info')).toEqual({});
});
