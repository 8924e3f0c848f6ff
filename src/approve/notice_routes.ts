import { GatewayError } from '../errors.ts';
import type { AdminRoute } from '../model/admin.ts';
import type { Context } from './context.ts';
import { channel } from './context.ts';

/**
 * `GET /admin/v1/notices?state` (at most 200, newest first; without their text) and `POST /admin/v1/notices/{id}/retry`
 * for one that was given up. The operator token is enough: they say nothing of any content.
 */
export function noticeRoutes(context: Context): readonly AdminRoute[] {
  const path = '/admin/v1/notices';
  return [
    {
      method: 'GET',
      path,
      async handler({ query: { state } }) {
        if (state !== undefined && state !== 'pending' && state !== 'sent' && state !== 'dead') {
          throw new GatewayError('ADMIN_INPUT', 'The state is pending, sent or dead.');
        }
        let query = context.query
          .selectFrom('approval_notice')
          .select(['id', 'approval', 'event', 'channel', 'state', 'attempts', 'next_at', 'fault', 'created_at'])
          .orderBy('id', 'desc')
          .limit(200);
        if (state !== undefined) query = query.where('state', '=', state);
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
      async handler({ params }) {
        const retried = await context.query
          .updateTable('approval_notice')
          .set({ state: 'pending', attempts: 0, next_at: context.clock(), claimed_until: 0 })
          .where('id', '=', params.id ?? '')
          .where('state', '=', 'dead')
          .returning('id')
          .executeTakeFirst();
        if (!retried) throw new GatewayError('NOT_FOUND', 'There is no dead notice of that id.');
        context.store.hint(channel);
        return { retried: retried.id };
      },
    },
  ];
}
