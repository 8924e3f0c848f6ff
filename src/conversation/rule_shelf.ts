import { hash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { PinnedRules } from '../model/content.ts';
import type { Conversed } from '../model/exchange.ts';
import { ownDirectory } from '../store/index.ts';
import type { Ledgers } from './ledger.ts';

/** The compiled rule sets that were active on this node, kept by digest until no pin needs them. */
export interface RuleShelf extends PinnedRules {
  has(digest: string): boolean;
  /** Keeps the rule set that becomes active. Throws where the data directory takes no file. */
  keep(digest: string, bytes: Uint8Array): void;
  /** Removes what no pin needs, and is not active. Rejects with GatewayError STATE_UNAVAILABLE. */
  sweep(active: string): Promise<void>;
}

/** Opens the shelf in `rules/` of the data directory. Throws `StartError` where that is open to others. */
export function openRuleShelf(dataDirectory: string, ledgers: Ledgers): RuleShelf {
  const directory = ownDirectory(join(dataDirectory, 'rules'));
  const place = (digest: string) => join(directory, `${digest}.tables`);
  return {
    older({ conversation }: Conversed, active: string): readonly string[] {
      const pin = ledgers.peek(conversation.id)?.pin;
      if (!pin || pin.plan.size === 0) return none;
      return pin.rules.length === 1 && pin.rules[0] === active ? none : pin.rules.filter((digest) => digest !== active);
    },
    tables(digest) {
      if (!/^[0-9a-f]{64}$/.test(digest) || !existsSync(place(digest))) return null;
      const bytes = readFileSync(place(digest));
      return hash('sha256', bytes) === digest ? bytes : null;
    },
    has: (digest) => /^[0-9a-f]{64}$/.test(digest) && existsSync(place(digest)),
    keep(digest, bytes) {
      if (hash('sha256', bytes) !== digest) throw new TypeError('a rule set is kept by its own digest');
      if (existsSync(place(digest))) return;
      const draft = `${place(digest)}.new`;
      writeFileSync(draft, bytes, { mode: 0o600 });
      renameSync(draft, place(digest));
    },
    async sweep(active) {
      const needed = await ledgers.pinnedRules();
      for (const name of readdirSync(directory)) {
        const digest = name.replace(/\.tables$/, '');
        if (digest !== active && !needed.has(digest)) rmSync(join(directory, name), { force: true });
      }
    },
  };
}

const none: readonly string[] = [];
