import { z } from 'zod';
import { GatewayError } from '../errors.ts';
import type { Actor, AdminRoute } from '../model/admin.ts';
import type { AuditEvent } from '../model/event.ts';
import type { JsonObject } from '../model/json.ts';
import type { Revocation } from './revocation_table.ts';
import type { Revocations } from './revocations.ts';

const text = z.string().min(1).max(1024);
const input = z.strictObject({
  kind: z.enum(['jti', 'sub', 'sid']),
  value: text,
  issuer: z.string().max(1024).default(''),
  /** RFC 3339, or null for no end. */
  until: z.iso.datetime({ offset: true }).nullable().default(null),
});

/**
 * `GET /admin/v1/revocations`, `POST /admin/v1/revocations` (`{kind, value, issuer?, until?}`) and
 * `DELETE /admin/v1/revocations/{id}`. Each change writes an `identity.revoked` event before it answers.
 * Handlers reject with `GatewayError` ADMIN_INPUT or NOT_FOUND.
 */
export function revocationRoutes(
  revocations: Revocations,
  onEvent: (event: AuditEvent) => Promise<void> | void,
): readonly AdminRoute[] {
  const path = '/admin/v1/revocations';
  return [
    {
      method: 'GET',
      path,
      handler: async () => ({ revocations: revocations.list().map(shown) }),
    },
    {
      method: 'POST',
      path,
      async handler({ body, actor }) {
        const parsed = input.safeParse(body);
        if (!parsed.success) throw new GatewayError('ADMIN_INPUT', z.prettifyError(parsed.error));
        const { until, ...rest } = parsed.data;
        const untilMs = until === null ? null : Date.parse(until);
        if (untilMs !== null && untilMs <= Date.now()) throw new GatewayError('ADMIN_INPUT', '`until` is in the past.');
        const added = await revocations.add({ ...rest, until: untilMs, by: nameOf(actor) });
        await onEvent({ kind: 'identity.revoked', exchange: null, body: { change: 'added', ...shown(added) } });
        return shown(added);
      },
    },
    {
      method: 'DELETE',
      path: `${path}/{id}`,
      async handler({ params, actor }) {
        const id = params.id ?? '';
        if (!(await revocations.lift(id))) throw new GatewayError('NOT_FOUND', 'There is no such revocation.');
        await onEvent({ kind: 'identity.revoked', exchange: null, body: { change: 'lifted', id, by: nameOf(actor) } });
        return { lifted: id };
      },
    },
  ];
}

function shown({ id, kind, issuer, value, until, at, by }: Revocation): JsonObject {
  const time = (ms: number) => new Date(ms).toISOString();
  return { id, kind, issuer, value, until: until === null ? null : time(until), at: time(at), by };
}

/** Who acts, for the record: a person's subject, or the operator. */
function nameOf(actor: Actor | null): string {
  return actor?.principal.subject ?? 'operator';
}
