import type { LRUCache } from 'lru-cache';
import type { Actor } from '../../model/admin.ts';
import type { WebRequest } from '../../model/web.ts';
import type { View } from '../models.ts';
import type { Api, ConsoleOptions } from '../ports.ts';
import type { WrittenRule } from '../rules.ts';

/** One request of a logged-in person for one page. */
export interface Visit {
  readonly actor: Actor;
  readonly request: WebRequest;
  readonly api: Api;
  readonly options: ConsoleOptions;
  /** The rules of the active bundle. */
  readonly rules: () => readonly WrittenRule[];
  /** One line for each approval that was shown lately, by its id. */
  readonly gists: LRUCache<string, string>;
  /** Epoch milliseconds. */
  readonly now: number;
}

/** A page as its loader makes it. */
export interface Loaded {
  readonly title: string;
  readonly view: View;
}

/** Loads one page. Rejects with a GatewayError, which becomes a notice. */
export type Loader = (visit: Visit) => Promise<Loaded> | Loaded;
