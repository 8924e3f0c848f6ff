import type { Loaded, Visit } from './visit.ts';

/** How the gateway is. */
export async function loadStatus({ options }: Visit): Promise<Loaded> {
  const { readiness, sections } = await options.status();
  const checks = Object.entries(readiness).map(([name, check]) => ({ name, fault: check === true ? null : check }));
  return { title: 'Status', view: { page: 'status', checks, sections } };
}
