import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { AdminClient } from '../../src/cli/admin_client.ts';
import {
  approvalsBreakGlassCommand,
  approvalsListCommand,
  approvalsRevokeCommand,
  approvalsShowCommand,
  approvalsVerdictCommand,
  approvalsWatchCommand,
} from '../../src/cli/approvals.ts';
import { laidOut, visible } from '../../src/cli/visible.ts';
import type { JsonObject } from '../../src/model/json.ts';
import { type Bench, granted, need, openBench, question } from '../approve/support.ts';
import { printed } from './printed.ts';

let bench: Bench;
beforeEach(async () => {
  bench = await openBench();
});
afterEach(() => bench.close());

/** The admin API for a person; `change` is what lies in between. */
function as(person: string, change: (answer: JsonObject) => JsonObject = (answer) => answer): AdminClient {
  const call =
    (method: string) =>
    async (path: string, body: object = {}) => {
      const actor = bench.actor(person);
      const given = JSON.parse(JSON.stringify(body)) as JsonObject;
      const answer = await (method === 'GET'
        ? bench.call(method, path, actor, {}, given as { readonly [name: string]: string })
        : bench.call(method, path, actor, given));
      return change(answer as JsonObject);
    };
  return { get: call('GET'), post: call('POST'), delete: call('DELETE') };
}

describe('approvals', () => {
  it('are listed, shown with exactly the bound content, and approved by the digits shown', async () => {
    const { approval } = await bench.desk.ask(question('rm -rf /tmp/x'));
    const list = await printed((output) => approvalsListCommand({}, as('ann'), output));
    expect(list).toContain(`agent-7  tool.use Bash  risky-shell  ${approval.id}`);
    const shown = await printed((output) => approvalsShowCommand(approval.id, {}, as('ann'), output));
    expect(shown).toContain('"input": {\n        "command": "rm -rf /tmp/x"\n      }');
    expect(shown).toContain('needs        1 of leads');
    const digits = /approve: .* --fingerprint ([0-9a-f]{12})\n$/.exec(shown)![1]!;
    const options = { fingerprint: digits, scope: 'session', comment: 'fine' };
    const said = await printed((output) => approvalsVerdictCommand(approval.id, 'approve', options, as('ann'), output));
    expect(said).toBe(`approved ${approval.id}\n`);
    expect(granted(await bench.desk.ask(question('rm -rf /tmp/x'))).grant.scope).toBe('session');
  });

  it('are not approved unseen, by too few digits, or by those of another one', async () => {
    const { approval } = await bench.desk.ask(question('rm x'));
    const approve = (fingerprint?: string) =>
      printed((output) =>
        approvalsVerdictCommand(
          approval.id,
          'approve',
          fingerprint === undefined ? {} : { fingerprint },
          as('ann'),
          output,
        ),
      );
    await expect(approve()).rejects.toThrow(`sallyport approvals show ${approval.id}`);
    await expect(approve(approval.fingerprint.slice(0, 7))).rejects.toThrow('at least 8 digits');
    await expect(approve(question('rm y').bound.fingerprint)).rejects.toThrow('not that of this approval');
    expect((await bench.desk.ask(question('rm x'))).state).toBe('pending');
  });

  it('say whose word is still missing', async () => {
    const two = { requirements: [need({ quorum: 2 })] };
    const { approval } = await bench.desk.ask(question('rm x', two));
    const options = { fingerprint: approval.fingerprint };
    const said = await printed((output) => approvalsVerdictCommand(approval.id, 'approve', options, as('ann'), output));
    expect(said).toContain(`approved ${approval.id}, which goes on waiting: it takes 2 of leads, so far ann`);
  });

  it('are denied, and the comment reaches the caller', async () => {
    const { approval } = await bench.desk.ask(question('rm x'));
    await printed((output) => approvalsVerdictCommand(approval.id, 'deny', { comment: 'no' }, as('ann'), output));
    expect((await bench.desk.ask(question('rm x'))).approval.comment).toBe('no');
  });

  it('show what differs from the last approved one', async () => {
    await bench.approve(await bench.desk.ask(question('rm x')), 'ann');
    bench.now += 1;
    const { approval } = await bench.desk.ask(question('rm y'));
    const shown = await printed((output) => approvalsShowCommand(approval.id, {}, as('ann'), output));
    expect(shown).toContain('    input.command\n      - "rm x"\n      + "rm y"\n');
  });

  it('can be broken through and taken back', async () => {
    const { approval } = await bench.desk.ask(question('rm x'));
    const glass = { fingerprint: approval.fingerprint, reason: 'fire' };
    await printed((output) => approvalsBreakGlassCommand(approval.id, glass, as('ann'), output));
    const { grant } = granted(await bench.desk.ask(question('rm x')));
    const shown = await printed((output) => approvalsShowCommand(approval.id, {}, as('ann'), output));
    expect(shown).toMatch(/approved by {2}ann \(once\), .* BY BREAKING THE GLASS: fire/);
    await printed((output) => approvalsRevokeCommand(grant.id, {}, as('bob'), output));
    expect((await bench.desk.ask(question('rm x'))).state).toBe('pending');
  });

  it('show a content whose fingerprint it is not to nobody', async () => {
    const { approval } = await bench.desk.ask(question('rm x'));
    const lying = as('ann', (answer) => ({ ...answer, content: question('rm y').bound.content }));
    await expect(printed((output) => approvalsShowCommand(approval.id, {}, lying, output))).rejects.toThrow(
      'Decide nothing by it',
    );
  });

  it('hide nothing: characters that cannot be seen, or turn others around, are spelled', async () => {
    const trick = 'echo \u202egnp\u202c\u200b\u001b[2J\u00a0x\u{e0041}\r\u2028y';
    const { approval } = await bench.desk.ask(question(trick, { summary: 'Ba\u202esh\u001b[31m' }));
    const shown = await printed((output) => approvalsShowCommand(approval.id, {}, as('ann'), output));
    expect(shown).not.toMatch(/[^\n\x20-\x7e]/);
    expect(shown).toContain('echo \\u{202e}gnp\\u{202c}\\u{200b}\\u001b[2J\\u{a0}x\\u{e0041}\\r\\u{2028}y');
    expect(shown).toContain('tool.use Ba\\u{202e}sh\\u{1b}[31m');
  });

  it('are watched as they come and go', async () => {
    const stop = new AbortController();
    let round = 0;
    const first = await bench.desk.ask(question('rm x'));
    const text = await printed((output) =>
      approvalsWatchCommand({}, as('ann'), output, {
        signal: stop.signal,
        wait: async () => {
          round += 1;
          if (round === 1) await bench.desk.ask(question('rm y'));
          if (round === 2) await bench.approve(first, 'bob');
          if (round === 3) stop.abort();
        },
      }),
    );
    const seen = text
      .trim()
      .split('\n')
      .map((line) => line.split('  ')[1]);
    expect(seen).toEqual(['pending', 'pending', 'approved']);
  });
});

describe('JSON on lines', () => {
  it('is the same JSON, token by token', () => {
    fc.assert(
      fc.property(fc.json(), (json) => {
        expect(laidOut(json).replace(/("(?:[^"\\]|\\.)*")|\s/g, '$1')).toBe(
          json.replace(/("(?:[^"\\]|\\.)*")|\s/g, '$1'),
        );
      }),
    );
    expect(laidOut('{"a":[],"b":{"c":[1.0,-2e5]},"d":{}}')).toBe(
      '{\n  "a": [],\n  "b": {\n    "c": [\n      1.0,\n      -2e5\n    ]\n  },\n  "d": {}\n}',
    );
  });
});

describe('visible text', () => {
  it('tells a spelled character from the same letters in JSON', () => {
    expect(visible(JSON.stringify('\\u{202e}'))).not.toBe(visible(JSON.stringify('\u202e')));
    expect(visible('Grüße, 世界 🙂\nok')).toBe('Grüße, 世界 🙂\nok');
  });
});
