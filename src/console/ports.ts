import type { Actor, AdminRoute } from '../model/admin.ts';
import type { MayAct } from '../model/approval.ts';
import type { PolicyStatus } from '../model/decision.ts';
import type { AuditEvent } from '../model/event.ts';
import type { Json } from '../model/json.ts';
import type { Authenticated } from '../model/login.ts';
import type { WebRequest } from '../model/web.ts';
import type { DetectorRow, Fact } from './models.ts';

/** What the console needs of the other rooms; joined in `gateway.ts`. */
export interface ConsoleOptions {
  /**
   * Who sent a request; null where nobody is logged in. `watching` is true where an open page asks by itself, which
   * does not count as a use of the session.
   */
  readonly authenticate: (
    request: WebRequest,
    watching: boolean,
  ) => Authenticated | null | Promise<Authenticated | null>;
  /** The operations of the admin API, by which everything is read and decided. */
  readonly routes: readonly AdminRoute[];
  /** The policy point `sallyport/admin`, asked for every page and every verdict. */
  readonly mayAct: MayAct;
  readonly policy: PolicyFacts;
  readonly status: () => StatusFacts | Promise<StatusFacts>;
  /** Viewing a recording is recorded. Rejects with AUDIT_UNAVAILABLE: then nothing is shown. */
  readonly append: (event: AuditEvent) => Promise<void>;
  readonly onFault: (error: Error) => void;
  /** Epoch milliseconds; default `Date.now`. */
  readonly clock?: () => number;
  /** How often what waits is looked at for an open page, in milliseconds; default 1500. */
  readonly lookMs?: number;
}

/** The active policy: its state, the Rego it came from, and the detectors it looks with. */
export interface PolicyFacts {
  status(): PolicyStatus;
  /** Rego sources of the active bundle by their path in it; empty where there is none. */
  sources(): ReadonlyMap<string, string>;
  detectors(): readonly Pick<DetectorRow, 'id' | 'class' | 'label'>[];
}

export interface StatusFacts {
  /** Named checks of readiness; each true or a short reason. */
  readonly readiness: { readonly [name: string]: true | string };
  readonly sections: readonly { readonly title: string; readonly facts: readonly Fact[] }[];
}

/** Calls operations of the admin API as a person. */
export interface Api {
  /**
   * `Answer` is what the room of that operation gives; it is trusted and not checked, as both are of one build. Rejects
   * with the GatewayError of the operation, NOT_FOUND where there is no such operation.
   */
  call<Answer>(method: AdminRoute['method'], path: string, call: ApiCall): Promise<Answer>;
}

/** Who calls, and with what; absent parts are empty. */
export interface ApiCall {
  readonly actor: Actor;
  readonly params?: { readonly [name: string]: string };
  readonly query?: { readonly [name: string]: string };
  readonly body?: { readonly [name: string]: Json };
}
