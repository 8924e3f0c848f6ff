import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import Anthropic from '@anthropic-ai/sdk';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type WatchedBundle, watchedBundle } from '../servers/bundle.ts';
import { withProgram } from '../servers/gate.ts';
import { guideFiles } from '../servers/guide.ts';
import { type HoldDesk, holdDesk, until } from './hold_desk.ts';
import { type Stack, startStack } from './stack.ts';

/*
 * Rules that read text: the policy of the guide, and one that tells the caller what it was shown. The bundle is built by
 * OPA; where its manifest does not ask, no rule sees a word.
 */

const exact = 'bluebird-77410-falcon';
const mail = 'alice.smith@example.org';

/** Rego that says back what it was shown, wherever that names the bird. */
const parrot = (point: string, bird = 'parrot') => `package policies.parrot.${point}

deny contains {"id": "parrot", "message": input.excerpt} if contains(input.excerpt, "${bird}")
`;

const { '.manifest': _, ...wording } = guideFiles('text-excerpts.md');
const rules = {
  ...wording,
  'parrot/tool_use/tool_use.rego': parrot('tool_use'),
  'parrot/chunk/chunk.rego': parrot('chunk'),
  'parrot/request/request.rego': `${parrot('request', 'magpie')}
directive contains {"chunk": "every"} if input.conversation
`,
};

function manifest(excerpt_characters?: Readonly<Record<string, number>>) {
  const metadata = { name: 'baseline', bundle_version: 2, ...(excerpt_characters ? { excerpt_characters } : {}) };
  return { '.manifest': JSON.stringify({ revision: '1.1.0', rego_version: 1, metadata }) };
}

withProgram('opa', 'excerpts for policy', () => {
  let bundle: WatchedBundle;
  let stack: Stack;
  let desk: HoldDesk;
  let client: Anthropic;

  beforeAll(async () => {
    bundle = await watchedBundle({ ...rules, ...manifest({ tool_use: 2000 }) });
    stack = await startStack({ config: { policy: bundle.policy }, masked: { project: exact } });
    desk = holdDesk(stack);
    client = new Anthropic({ baseURL: stack.url, authToken: await stack.token(), apiKey: null, maxRetries: 0 });
  }, 60_000);
  afterAll(async () => {
    await stack.close();
    bundle.remove();
  });

  const tool: Anthropic.Tool = {
    name: 'Bash',
    description: 'Runs a command',
    input_schema: { type: 'object', properties: { command: { type: 'string' }, description: { type: 'string' } } },
  };
  const ask = (content: string, more: Partial<Anthropic.MessageCreateParamsNonStreaming> = {}) =>
    client.messages.create({
      model: 'claude-opus-5-5',
      max_tokens: 4000,
      tools: [tool],
      messages: [{ role: 'user', content }],
      ...more,
    });
  const call = (command: string) => ask(`sandbox:bash ${command}\nGo.`);
  const said = ({ content }: Anthropic.Message) =>
    content.map((block) => (block.type === 'text' ? block.text : '')).join('\n');
  const commands = ({ content }: Anthropic.Message) =>
    content.flatMap((block) => (block.type === 'tool_use' ? (block.input as { command: string }).command : []));

  /** Publishes a bundle and waits until it decides. */
  const publish = async (files: Readonly<Record<string, string>>) => {
    const revision = async () => (await stack.admin.get('/admin/v1/bundles')) as { active: { revision: string } };
    const before = (await revision()).active.revision;
    await bundle.publish(files);
    await until(async () => (await revision()).active.revision !== before, 'the bundle is active');
  };

  describe('of tool calls', () => {
    it('let the rule of the guide deny by what a call says, and leave other calls alone', async () => {
      const denied = await call('psql Customers_PROD -c zebra');
      expect(commands(denied)).toEqual([]);
      expect(said(denied)).toContain('customer-database: work on the copy');
      expect(commands(await call('echo customers'))).toEqual(['echo customers']);
    });

    it('hold the input as JSON, with exact values and all that detectors find masked', async () => {
      const text = said(await call(`echo "parrot of ${exact}" ${mail}`));
      expect(text).toContain('parrot: {"command":"echo \\"parrot of [masked:project]\\" [masked:email]"');
      expect(text).not.toContain(exact);
      expect(text).not.toContain(mail);
    });

    it('are cut where the manifest says, and a longer call waits for a person, who sees it without the excerpt', async () => {
      const waiting = call(`echo ${'long '.repeat(500)}`);
      const [approval] = await desk.waiting();
      const shown = JSON.parse((await desk.ask(`approvals/${approval!.id}`)).text);
      expect(shown.facts).toMatchObject({ tool: { name: 'Bash' }, excerpt: null });
      expect(shown.content).toContain('long long long');
      await desk.decide(approval, 'approve');
      expect(commands(await waiting)).toHaveLength(1);
    });

    it('leave no trace: nothing that is stored or logged says what a denied call said', async () => {
      await call('psql customers_prod -c ostrich-4411');
      const files = readdirSync(stack.dataDir, { recursive: true, withFileTypes: true }).filter((file) =>
        file.isFile(),
      );
      expect(files.length).toBeGreaterThan(3);
      for (const { parentPath, name } of files) {
        const bytes = readFileSync(join(parentPath, name));
        expect(bytes.includes('customers_prod') || bytes.includes('ostrich-4411'), name).toBe(false);
      }
    });
  });

  describe('where the manifest does not ask', () => {
    it('are null: no rule sees a word', async () => {
      await publish({ ...rules, ...manifest() });
      expect(commands(await call('psql customers_prod'))).toEqual(['psql customers_prod']);
      expect(commands(await call('echo parrot'))).toEqual(['echo parrot']);
      expect(said(await ask('sandbox:echo\nparrot'))).toBe('parrot');
    });

    it('refuse a manifest that asks for what is not given, and the active bundle stays', async () => {
      const status = async () => (await stack.admin.get('/admin/v1/bundles')) as { active: object; refused: object };
      const before = await status();
      await bundle.publish({ ...rules, ...manifest({ tool_use: 100_000 }) });
      await until(async () => (await status()).refused !== null, 'the bundle is refused');
      expect(await status()).toMatchObject({ active: before.active, refused: { reason: 'manifest' } });
    });
  });

  describe('of requests and pieces of the answer', () => {
    it('hold the newest that the user said', async () => {
      await publish({ ...rules, ...manifest({ request: 30, chunk: 40 }) });
      const error = await ask(`a long introduction, then magpie ${exact}`).catch((thrown) => thrown);
      expect(error.status).toBe(403);
      expect(error.message).toContain('"parrot: , then magpie [masked:project]"');
      const earlier: Anthropic.MessageParam[] = [
        { role: 'user', content: 'about a magpie' },
        { role: 'assistant', content: 'Yes?' },
        { role: 'user', content: 'sandbox:echo\nabout a cat' },
      ];
      expect(said(await ask('', { messages: earlier }))).toBe('about a cat');
    });

    it('hold the text of each piece, decided for itself: no decision is taken from an equal-looking piece', async () => {
      expect(said(await ask('sandbox:echo\nall is well'))).toBe('all is well');
      const stopped = said(await ask(`sandbox:echo\na parrot of ${mail}`));
      expect(stopped).toBe('[sallyport] Policy ended this answer. parrot: a parrot of [masked:email]');
      expect(said(await ask('sandbox:echo\nall is well'))).toBe('all is well');
    });
  });
});
