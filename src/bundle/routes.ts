import { z } from 'zod';
import { GatewayError } from '../errors.ts';
import type { AdminRoute } from '../model/admin.ts';
import type { PolicyStatus } from '../model/decision.ts';

const acceptance = z.strictObject({ version: z.int().min(1) });

/**
 * `GET /admin/v1/bundles` (the state of the policy source) and `POST /admin/v1/bundles/accept` (`{version}`: the floor,
 * lowered or raised knowingly). Rejects with GatewayError ADMIN_INPUT.
 */
export function bundleRoutes(source: {
  status(): PolicyStatus;
  accept(version: number, by: string): Promise<PolicyStatus>;
}): readonly AdminRoute[] {
  return [
    { method: 'GET', path: '/admin/v1/bundles', handler: () => source.status() },
    {
      method: 'POST',
      path: '/admin/v1/bundles/accept',
      async handler({ body, actor }) {
        const parsed = acceptance.safeParse(body);
        if (!parsed.success) throw new GatewayError('ADMIN_INPUT', z.prettifyError(parsed.error));
        return source.accept(parsed.data.version, actor?.principal.subject ?? 'operator');
      },
    },
  ];
}
