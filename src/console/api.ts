import { GatewayError } from '../errors.ts';
import type { AdminRoute } from '../model/admin.ts';
import type { Api, ApiCall } from './ports.ts';

/** The admin API from inside: operations are named by their path with its `{name}` segments. */
export function createApi(routes: readonly AdminRoute[]): Api {
  const operations = new Map(routes.map((route) => [`${route.method} ${route.path}`, route]));
  return {
    async call<Answer>(
      method: AdminRoute['method'],
      path: string,
      { actor, params = {}, query = {}, body = {} }: ApiCall,
    ) {
      const operation = operations.get(`${method} ${path}`);
      if (!operation) throw new GatewayError('NOT_FOUND', 'This gateway does not have that.');
      return (await operation.handler({ params, query, body, actor })) as Answer;
    },
  };
}
