import type { AuditEvent } from '../model/event.ts';
import type { LogFields } from './log.ts';

const NAMES = ['bundle', 'version', 'revision', 'role', 'code', 'detail'] as const;

/** What of an audit event its log line says besides the kind. */
export function eventFields({ kind, exchange, body }: AuditEvent): LogFields {
  const fields: { [name: string]: string } = { event: kind, ...(exchange !== null && { exchange }) };
  for (const name of NAMES) {
    const value = body[name];
    if (typeof value === 'string') fields[name] = value;
  }
  return fields;
}
