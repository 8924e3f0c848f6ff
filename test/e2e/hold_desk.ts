import { expect } from 'vitest';
import type { Stack } from './stack.ts';

/** An approval as the admin API lists it. */
export interface Listed {
  readonly id: string;
  readonly state: string;
  readonly kind: string;
  readonly summary: string;
  readonly fingerprint: string;
}

/** Who approves in tests: the admin API with personal tokens. */
export interface HoldDesk {
  /** Calls `/admin/v1/PATH`; a POST where there is a body. */
  ask(path: string, body?: object, reviewer?: string): Promise<{ readonly status: number; readonly text: string }>;
  list(state?: string): Promise<readonly Listed[]>;
  /** Waits until so many are pending. */
  waiting(count?: number): Promise<readonly Listed[]>;
  /** Decides as Rita, or as somebody else; expects that it is taken. */
  decide(approval: Listed | undefined, verdict: 'approve' | 'deny', options?: DecideOptions): Promise<void>;
}

export interface DecideOptions {
  readonly reviewer?: string;
  readonly comment?: string;
  readonly scope?: 'once' | 'session';
}

/** Opens the desk of a stack. */
export function holdDesk(stack: Pick<Stack, 'adminUrl' | 'reviewer'>): HoldDesk {
  const ask: HoldDesk['ask'] = async (path, body, reviewer = 'rita@example.test') => {
    const response = await fetch(`${stack.adminUrl}/admin/v1/${path}`, {
      method: body ? 'POST' : 'GET',
      headers: {
        authorization: `Bearer ${await stack.reviewer(reviewer)}`,
        'content-type': 'application/json',
      },
      ...(body ? { body: JSON.stringify(body) } : {}),
    });
    return { status: response.status, text: await response.text() };
  };
  const list: HoldDesk['list'] = async (state) => {
    const { status, text } = await ask(`approvals?limit=200${state ? `&state=${state}` : ''}`);
    expect(status, text).toBe(200);
    return JSON.parse(text).approvals;
  };
  return {
    ask,
    list,
    async waiting(count = 1) {
      let found: readonly Listed[] = [];
      await until(async () => {
        found = await list('pending');
        return found.length >= count;
      }, `${count} approvals wait`);
      return found;
    },
    async decide(approval, verdict, { reviewer, ...more } = {}) {
      const body = { verdict, fingerprint: approval!.fingerprint, ...more };
      const { status, text } = await ask(`approvals/${approval!.id}/decisions`, body, reviewer);
      expect(status, text).toBe(200);
    },
  };
}

/** Waits until something holds. Rejects after 20 s. */
export async function until(holds: () => boolean | Promise<boolean>, what: string): Promise<void> {
  const end = Date.now() + 20_000;
  while (!(await holds())) {
    if (Date.now() > end) throw new Error(`never came true: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
