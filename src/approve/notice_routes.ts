import { GatewayError } from '../errors.ts';
import type { Actor, AdminRoute } from '../model/admin.ts';
import type { Context } from './context.ts';
import { channel } from './context.ts';

/**
 * `GET /admin/v1/notices?state` (at most 200, newest first; without their text) and `POST /admin/v1/notices/{id}/retry`
 * for one that was given up. The operator token is enough: they say nothing of any content. A person needs `status.view`
 * of policy, and sees those of the own tenant.
 */
export function noticeRoutes(context: Context): readonly AdminRoute[] {
  const path = '/admin/v1/notices';
  const admit = (actor: Actor | null) => {
    if (actor === null) return;
    const decision = context.mayAct(actor.principal, 'status.view', { requester: null, approval: null });
    if (decision.effect !== 'allow') throw new GatewayError('NOT_PERMITTED');
  };
  const ofTenant = ({ principal }: Actor) =>
    context.query.selectFrom('approval').select('id').where('tenant', '=', principal.tenant);
  return [
    {
      method: 'GET',
      path,
      async handler({ actor, query: { state } }) {
        admit(actor);
        if (state !== undefined && state !== 'pending' && state !== 'sent' && state !== 'dead') {
          throw new GatewayError('ADMIN_INPUT', 'The state is pending, sent or dead.');
        }
        let query = context.query
          .selectFrom('approval_notice')
          .select(['id', 'approval', 'event', 'channel', 'state', 'attempts', 'next_at', 'fault', 'created_at'])
          .orderBy('id', 'desc')
          .limit(200);
        if (state !== undefined) query = query.where('state', '=', state);
        if (actor !== null) query = query.where('approval', 'in', ofTenant(actor));
        const rows = await query.execute();
        return {
          notices: rows.map(({ next_at, created_at, ...row }) => ({
            ...row,
            next_at: row.state === 'pending' ? new Date(next_at).toISOString() : null,
            created_at: new Date(created_at).toISOString(),
          })),
        };
      },
    },
    {
      method: 'POST',
      path: `${path}/{id}/retry`,
      async handler({ actor, params }) {
        admit(actor);
        let query = context.query
          .updateTable('approval_notice')
          .set({ state: 'pending', attempts: 0, next_at: context.clock(), claimed_until: 0 })
          .where('id', '=', params.id ?? '')
          .where('state', '=', 'dead');
        if (actor !== null) query = query.where('approval', 'in', ofTenant(actor));
        const retried = await query.returning('id').executeTakeFirst();
        if (!retried) throw new GatewayError('NOT_FOUND', 'There is no dead notice of that id.');
        context.store.hint(channel);
        return { retried: retried.id };
      },
    },
  ];
}
