import pino from 'pino';

/**
 * The fields a log line may have. A closed set of short facts, so that no header bag, body or error object with
 * something secret in it can get into a log by accident.
 */
export interface LogFields {
  readonly exchange?: string;
  /** Id of a request that is no exchange, as its caller was told. */
  readonly request?: string;
  readonly code?: string;
  readonly detail?: string;
  readonly event?: string;
  readonly url?: string;
  readonly bundle?: string;
  readonly version?: string;
  readonly revision?: string;
  readonly role?: string;
  /** Names of a lease and of a Vault token; null where there is none. */
  readonly lease?: string | null;
  readonly accessor?: string | null;
  readonly signal?: string;
  readonly count?: number;
  readonly stack?: string;
}

export interface Log {
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
}

const secretForms = /\b(?:sk-ant-[\w-]{4,}|hv[sbr]\.[\w.-]{4,}|s\.[A-Za-z0-9]{20,}|eyJ[\w-]{10,}\.[\w.-]+)/g;

/**
 * A log of JSON lines on standard error. Values that look like credentials are blanked as a second fence; the first
 * is the closed set of fields. A closed pipe does not stop the gateway.
 *
 * @param level pino level, or `silent`
 */
export function createLog(level: string): Log {
  const destination = pino.destination({ fd: 2, sync: true });
  destination.on('error', () => undefined);
  const logger = pino({ level, base: null, timestamp: pino.stdTimeFunctions.isoTime }, destination);
  const clean = (fields: LogFields | undefined) => {
    const out: { [name: string]: string | number | null } = {};
    for (const [name, value] of Object.entries(fields ?? {})) {
      out[name] = typeof value === 'string' ? value.replace(secretForms, '[secret]').slice(0, 2000) : value;
    }
    return out;
  };
  return {
    info: (message, fields) => logger.info(clean(fields), message),
    warn: (message, fields) => logger.warn(clean(fields), message),
    error: (message, fields) => logger.error(clean(fields), message),
  };
}
