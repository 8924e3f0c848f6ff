import type { Principal } from '../model/principal.ts';

/**
 * Why this person may never decide on what the requester asked, or null. Independent of policy and without exception:
 * - the approver is a human whose person is known
 * - neither the person who asked nor the owner of the workload that asked decides, whatever issuer they logged in by
 * - a person or owner that is not known never counts as somebody else; whether a workload without a known owner may be
 *   approved at all is for policy to say (`unowned`)
 */
export function whyBanned(approver: Principal, requester: Principal): string | null {
  if (approver.kind !== 'human') return 'only a human may decide';
  if (approver.person === null) return 'your login does not say which person you are; use an issuer that maps `person`';
  if (approver.tenant !== requester.tenant) return 'the approval belongs to another tenant';
  if (requester.person === approver.person) return 'you asked for it yourself; another person has to decide';
  if (requester.owner === approver.person) return 'it is one of your workloads that asks; another person has to decide';
  if (requester.kind === 'human' && requester.person === null) {
    return 'it is not known which person asks, so nobody counts as somebody else';
  }
  return null;
}

/** Whether nobody is known to stand behind the workload that asks. */
export function unowned(requester: Principal): boolean {
  return requester.kind === 'workload' && requester.owner === null && requester.person === null;
}
