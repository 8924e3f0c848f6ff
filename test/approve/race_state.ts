import { type Kysely, sql } from 'kysely';
import type { Bench } from './support.ts';

/** Reads the tables as they are, past the code that is judged. */
function tables(bench: Bench): Kysely<unknown> {
  return bench.store.query<unknown>();
}

export function grantOfApproval(bench: Bench): (approval: string) => Promise<string | null> {
  return async (approval) => {
    const { rows } = await sql<{ id: string }>`select id from approval_grant where approval = ${approval}`.execute(
      tables(bench),
    );
    return rows[0]?.id ?? null;
  };
}

export interface Ended {
  readonly approval: string;
  readonly state: string;
  readonly grants: readonly { readonly state: string; readonly dispatches: number }[];
  /** Kinds of its events, a verdict with what it says: `approval.decided deny`. */
  readonly events: readonly string[];
}

/** How every approval ended. */
export async function endsOf(bench: Bench): Promise<readonly Ended[]> {
  const db = tables(bench);
  const approvals = await sql<{ id: string; state: string }>`select id, state from approval`.execute(db);
  const grants = await sql<{
    approval: string;
    state: string;
    dispatches: number;
  }>`select approval, state, dispatches from approval_grant`.execute(db);
  const events = await sql<{
    approval: string;
    kind: string;
    body_json: string;
  }>`select approval, kind, body_json from approval_event`.execute(db);
  return approvals.rows.map(({ id, state }) => ({
    approval: id,
    state,
    grants: grants.rows.filter((grant) => grant.approval === id),
    events: events.rows
      .filter((event) => event.approval === id)
      .map((event) => {
        const { verdict } = JSON.parse(event.body_json) as { readonly verdict?: string };
        return verdict === undefined ? event.kind : `${event.kind} ${verdict}`;
      }),
  }));
}
