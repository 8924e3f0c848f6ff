import type { Approval } from '../model/approval.ts';

/** Whom an approval waits for, as the caller reads it. */
export function waitingFor(approval: Approval, subject: string, contact: string | null): string {
  const groups = [...new Set(approval.requirements.flatMap((requirement) => requirement.groups))].sort();
  const whom = groups.length > 0 ? groups.join(', ') : 'a human';
  const where = approval.url === null ? ` (approval ${approval.id})` : `: ${approval.url}`;
  const ask = contact === null ? '' : ` Contact: ${contact}.`;
  return `${subject} waits for an approval by ${whom}${where}.${ask} ${reasonsOf(approval)}`;
}

/** What a human's denial says to the caller; why it was asked at all is told by `reasonsOf`. */
export function deniedText(approval: Approval): string {
  const comment = approval.comment ? ` Comment: ${approval.comment}` : '';
  return `A human denied this (approval ${approval.id}).${comment}`;
}

/** What an approval that ended without a verdict says to the caller. */
export function expiredText(approval: Approval, state: 'expired' | 'cancelled' | 'superseded' | 'used'): string {
  const what = {
    expired: 'Nobody decided in time',
    cancelled: 'The approval was taken back',
    superseded: 'Policy has changed since it was approved',
    used: 'The approval was used up already',
  }[state];
  return `${what} (approval ${approval.id}); ask again to open a new one.`;
}

/** Why policy asked, as one line: `rule: reason; rule: reason`. */
export function reasonsOf(approval: Approval): string {
  return approval.reasons.map(({ id, message }) => (message === '' ? id : `${id}: ${message}`)).join('; ');
}
