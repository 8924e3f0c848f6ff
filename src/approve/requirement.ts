import type { GrantScope } from '../model/approval.ts';
import type { ApprovalRequirement } from '../model/decision.ts';
import type { Principal } from '../model/principal.ts';

/** What several requirements come to together: the shortest times, and the scopes that all of them allow. */
export interface Terms {
  readonly expiresMs: number;
  readonly grantMs: number;
  /** Widest last; `once` is always among them, being the narrowest. */
  readonly scopes: readonly GrantScope[];
  readonly reasonRequired: boolean;
  /** The most approvers that one requirement asks for. */
  readonly quorum: number;
}

/** Ceilings of the configuration, in seconds. */
export interface Ceilings {
  readonly expires_max_s: number;
  readonly grant_max_s: number;
}

const byWidth: readonly GrantScope[] = ['once', 'session', 'time_boxed'];

/** Merges requirements, all of which must be met. Throws a TypeError where there is none: that is no question. */
export function termsOf(requirements: readonly ApprovalRequirement[], ceilings: Ceilings): Terms {
  if (requirements.length === 0) throw new TypeError('an approval without a requirement');
  const least = (ceiling: number, of: (requirement: ApprovalRequirement) => number) =>
    Math.min(ceiling, ...requirements.map(of)) * 1000;
  return {
    expiresMs: least(ceilings.expires_max_s, (requirement) => requirement.expires_s),
    grantMs: least(ceilings.grant_max_s, (requirement) => requirement.grant_s),
    scopes: byWidth.filter(
      (scope) => scope === 'once' || requirements.every((requirement) => requirement.scopes.includes(scope)),
    ),
    reasonRequired: requirements.some((requirement) => requirement.reason_required),
    quorum: Math.max(...requirements.map((requirement) => requirement.quorum)),
  };
}

/** An approval by one person, as far as requirements ask for it. */
export interface Approving {
  readonly person: string;
  readonly groups: readonly string[];
  readonly breakGlass: boolean;
}

/**
 * Whether these approvals meet every requirement: each needs `quorum` persons of its groups (of any where it names
 * none); one person may count for several. A break-glass meets them all.
 */
export function met(requirements: readonly ApprovalRequirement[], approvals: readonly Approving[]): boolean {
  if (approvals.some((approval) => approval.breakGlass)) return true;
  return requirements.every((requirement) => {
    const persons = new Set(approvals.filter(({ groups }) => counts(requirement, groups)).map(({ person }) => person));
    return persons.size >= requirement.quorum;
  });
}

/** Whether a person of these groups may decide for at least one of the requirements. */
export function mayDecide(requirements: readonly ApprovalRequirement[], { groups }: Principal): boolean {
  return requirements.some((requirement) => counts(requirement, groups));
}

/** The narrowest of the scopes that approvers chose. */
export function narrowest(scopes: readonly GrantScope[]): GrantScope {
  return byWidth.find((scope) => scopes.includes(scope)) ?? 'once';
}

function counts({ groups: wanted }: ApprovalRequirement, groups: readonly string[]): boolean {
  return wanted.length === 0 || wanted.some((group) => groups.includes(group));
}
