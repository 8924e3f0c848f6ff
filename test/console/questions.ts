import { createHash } from 'node:crypto';
import { toolCallFingerprint } from '../../src/approve/index.ts';
import type { Bound, GrantScope, Question } from '../../src/model/approval.ts';
import type { JsonObject } from '../../src/model/json.ts';
import type { Principal } from '../../src/model/principal.ts';
import { agent } from './people.ts';

/** What a test asks for; the rest is a removal of a folder by the agent. */
export interface AskedFor {
  readonly requester?: Principal;
  readonly tool?: string;
  readonly input?: JsonObject;
  /** For a request: its body, and the model as what is asked for. */
  readonly body?: JsonObject;
  readonly message?: string;
  readonly rule?: string;
  readonly quorum?: number;
  readonly scopes?: readonly GrantScope[];
  readonly facts?: JsonObject;
  readonly exchange?: string;
  readonly conversation?: string;
}

/** The question as the approve steps would ask it. */
export function questionOf(asked: AskedFor): Question {
  const { requester: principal = agent, tool = 'Bash', conversation = 'c1', body } = asked;
  const inputText = JSON.stringify(asked.input ?? { command: 'rm -rf build' });
  const bound = body ? requestBound(body) : toolCallFingerprint({ principal, conversation, tool, inputText });
  return {
    bound,
    principal,
    conversation,
    exchange: asked.exchange ?? 'req_00000001',
    action: body ? 'messages.create' : 'tool.use',
    summary: body ? String(body.model) : tool,
    requirements: [
      {
        groups: ['approvers'],
        quorum: asked.quorum ?? 1,
        scopes: asked.scopes ?? ['once', 'session'],
        expires_s: 600,
        grant_s: 900,
        reason_required: false,
      },
    ],
    reasons: [
      {
        id: asked.rule ?? 'recursive-removal',
        message: asked.message ?? 'rm -rf removes files for good; a person has to look at it first',
        policy: 'commands',
        severity: 'high',
      },
    ],
    policy: { bundle: 'baseline', version: '1.0.0', revision: 'a'.repeat(64) },
    maxTokens: null,
    facts: asked.facts ?? { input: { commands: [['rm', '-rf', 'build']], opaque: false, paths: [], hosts: [] } },
    releases: [],
  };
}

/** What binds a request, by the words of the contract: the hash of the domain tag and the canonical content. */
function requestBound(body: JsonObject): Bound {
  const content = `{"action":"messages.create","body":${JSON.stringify(body)},"kind":"request"}`;
  const fingerprint = createHash('sha256').update('sallyport approval 1\0').update(content).digest('hex');
  return { kind: 'request', content, fingerprint };
}
