import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Options, query, type SDKMessage, type SDKUserMessage } from '@anthropic-ai/claude-agent-sdk';

/** One run of the real Agent SDK. */
export interface AgentRun {
  /** The gateway, or the sandbox itself. */
  readonly baseUrl: string;
  /** Sent as `Authorization: Bearer`. */
  readonly token?: string;
  /** Sent as `x-api-key`. */
  readonly apiKey?: string;
  /** One prompt, or several as they come. */
  readonly prompt: string | AsyncIterable<SDKUserMessage>;
  readonly env?: Readonly<Record<string, string>>;
  /** Laid over the defaults: Bash and subagents allowed, no settings of the machine, `claude-opus-5-5`. */
  readonly options?: Options;
  /** Ends the run after so long; 60 s by default. */
  readonly timeoutMs?: number;
  /** Keeps sessions of several runs together (`options.resume`); a scratch folder of its own by default. */
  readonly home?: string;
}

/** What a run brought. */
export interface AgentOutcome {
  readonly messages: readonly SDKMessage[];
  /** The assistant's texts, the main thread's and subagents', in order. */
  readonly texts: readonly string[];
  /** Tool calls as the client saw them. */
  readonly calls: readonly { readonly id: string; readonly name: string; readonly input: unknown }[];
  /** Tool results as the client made them. */
  readonly results: readonly { readonly id: string; readonly text: string; readonly failed: boolean }[];
  /** The last `result` message's text and whether the run counts as failed. */
  readonly result: string | null;
  readonly failed: boolean;
  readonly sessionId: string | null;
  /** What `query()` threw, a time-out included. */
  readonly error: Error | null;
  /** What Claude Code wrote to its standard error. */
  readonly stderr: string;
}

/**
 * Runs `query()` in a scratch home and working folder until it ends, and leaves no process or file behind. A refused or broken run
 * is an outcome, not an exception.
 */
export async function runAgent(run: AgentRun): Promise<AgentOutcome> {
  const scratch = await mkdtemp(join(tmpdir(), 'agent-'));
  const home = run.home ?? scratch;
  const abort = new AbortController();
  const timer = setTimeout(() => abort.abort(), run.timeoutMs ?? 60_000);
  const messages: SDKMessage[] = [];
  let error: Error | null = null;
  let stderr = '';
  try {
    const stream = query({
      prompt: run.prompt,
      options: {
        abortController: abort,
        cwd: home,
        model: 'claude-opus-5-5',
        settingSources: [],
        allowedTools: ['Bash', 'Agent', 'Task'],
        permissionMode: 'default',
        maxTurns: 20,
        stderr: (text) => {
          stderr += text;
        },
        ...run.options,
        env: {
          PATH: process.env.PATH,
          HOME: home,
          TMPDIR: scratch,
          ANTHROPIC_BASE_URL: run.baseUrl,
          ...(run.token === undefined ? {} : { ANTHROPIC_AUTH_TOKEN: run.token }),
          ...(run.apiKey === undefined ? {} : { ANTHROPIC_API_KEY: run.apiKey }),
          CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1',
          DISABLE_TELEMETRY: '1',
          DISABLE_ERROR_REPORTING: '1',
          DISABLE_AUTOUPDATER: '1',
          ...run.env,
        },
      },
    });
    for await (const message of stream) messages.push(message);
  } catch (thrown) {
    error = thrown instanceof Error ? thrown : new Error(String(thrown));
  } finally {
    clearTimeout(timer);
    abort.abort();
    await rm(scratch, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
  }
  return { ...readMessages(messages), messages, error, stderr };
}

type Reading = Pick<AgentOutcome, 'texts' | 'calls' | 'results' | 'result' | 'failed' | 'sessionId'>;

function readMessages(messages: readonly SDKMessage[]): Reading {
  const texts: string[] = [];
  const calls: AgentOutcome['calls'][number][] = [];
  const results: AgentOutcome['results'][number][] = [];
  let result: string | null = null;
  let failed = false;
  let sessionId: string | null = null;
  for (const message of messages) {
    if ('session_id' in message && typeof message.session_id === 'string') sessionId = message.session_id;
    if (message.type === 'assistant') {
      for (const block of message.message.content) {
        if (block.type === 'text') texts.push(block.text);
        if (block.type === 'tool_use') calls.push({ id: block.id, name: block.name, input: block.input });
      }
    } else if (message.type === 'user' && Array.isArray(message.message.content)) {
      for (const block of message.message.content) {
        if (block.type !== 'tool_result') continue;
        const text = typeof block.content === 'string' ? block.content : JSON.stringify(block.content ?? '');
        results.push({ id: block.tool_use_id, text, failed: block.is_error === true });
      }
    } else if (message.type === 'result') {
      result = message.subtype === 'success' ? message.result : null;
      failed = message.is_error;
    }
  }
  return { texts, calls, results, result, failed, sessionId };
}
