import type { DatabaseConnection } from 'kysely';
import { GatewayError } from '../errors.ts';

/** Primary result codes of SQLite that say the file cannot serve now (https://www.sqlite.org/rescode.html). */
const sqliteDown: ReadonlySet<number> = new Set([5, 6, 8, 10, 11, 13, 14, 15, 26]);

/**
 * Classes of SQLSTATE that say the server cannot serve now: connection, insufficient resources, operator intervention
 * (cancels and timeouts too), system error, a transaction that lost against another one, and a server that is read-only.
 */
const postgresDown = /^(08|53|57|58|40|25P03|25006|XX)/;

/** What `pg` throws without a SQLSTATE: its own texts about the connection. */
const connectionLost = /terminated|timeout|timed out|not queryable|ended|closed the connection|Connection/i;

/**
 * Turns a driver's fault that means "the store cannot serve" into `GatewayError` STATE_UNAVAILABLE; a fault of the
 * statement itself (a constraint, a wrong column) stays as it is. Statement and parameters are not in the detail.
 */
function translateFault(thrown: unknown): unknown {
  if (!(thrown instanceof Error) || thrown instanceof GatewayError) return thrown;
  const word = unavailableWord(thrown as Error & { readonly code?: unknown; readonly errcode?: unknown });
  return word === null
    ? thrown
    : new GatewayError('STATE_UNAVAILABLE', undefined, { detail: `the store: ${word}`, cause: thrown });
}

function unavailableWord(fault: Error & { readonly code?: unknown; readonly errcode?: unknown }): string | null {
  if (fault instanceof AggregateError) return unavailableWord((fault.errors[0] as Error | undefined) ?? new Error(''));
  const { code, errcode } = fault;
  if (typeof errcode === 'number') return sqliteDown.has(errcode & 0xff) ? `SQLite ${errcode}` : null;
  if (typeof code === 'string') {
    if (/^[0-9A-Z]{5}$/.test(code) && !/^E[A-Z]{4}$/.test(code))
      return postgresDown.test(code) ? `SQLSTATE ${code}` : null;
    return code;
  }
  return connectionLost.test(fault.message) ? 'connection lost' : null;
}

/** Makes every statement of a connection throw translated faults. A connection is prepared once, whoever asks. */
export function guardConnection(connection: DatabaseConnection, guarded: WeakSet<DatabaseConnection>): void {
  if (guarded.has(connection)) return;
  guarded.add(connection);
  const execute = connection.executeQuery.bind(connection);
  connection.executeQuery = async (...query) => {
    try {
      return await execute(...query);
    } catch (thrown) {
      throw translateFault(thrown);
    }
  };
}
