import { connect as connectTcp } from 'node:net';
import { buildConnector } from 'undici';
import { isPublicAddress } from './address.ts';

/** Thrown into undici and read back from its rejection: the connected address is not allowed. */
export class AddressRefused extends Error {}

/** Thrown into undici and read back from its rejection: no connection; `code` is the system's word. */
export class ConnectFailed extends Error {
  readonly code: string | null;
  constructor(code: string | null) {
    super('connect failed');
    this.code = code;
  }
}

/** What a connector does for all connections of one agent. */
export interface ConnectorOptions {
  /** Refuse every address that is not globally reachable unicast. */
  readonly publicOnly: boolean;
  /** PEM of the certificate authorities to trust instead of the built-in ones; null for those. */
  readonly ca: string | null;
  /** Milliseconds for TCP, and again for TLS. */
  readonly timeoutMs: number;
}

/**
 * Connects for undici and checks the address that was really connected to, before the first byte (TLS included)
 * leaves: a check of an earlier look-up could be answered differently the second time.
 */
export function checkedConnector(options: ConnectorOptions): buildConnector.connector {
  const secure = buildConnector({
    allowH2: false,
    timeout: options.timeoutMs,
    ...(options.ca === null ? {} : { ca: options.ca }),
  });
  return (target, callback) => {
    const tls = target.protocol === 'https:';
    const socket = connectTcp({
      host: target.hostname,
      port: target.port ? Number(target.port) : tls ? 443 : 80,
      noDelay: true,
      keepAlive: true,
    });
    const fail = (error: Error): void => {
      socket.destroy();
      callback(error, null);
    };
    const timer = setTimeout(() => fail(new ConnectFailed('ETIMEDOUT')), options.timeoutMs);
    const onError = (error: NodeJS.ErrnoException): void => {
      clearTimeout(timer);
      fail(new ConnectFailed(error.code ?? null));
    };
    socket.once('error', onError);
    socket.once('connect', () => {
      clearTimeout(timer);
      socket.off('error', onError);
      if (options.publicOnly && !isPublicAddress(socket.remoteAddress ?? '')) return fail(new AddressRefused());
      if (!tls) return callback(null, socket);
      secure({ ...target, httpSocket: socket }, (...[error, upgraded]) => {
        if (error) callback(new ConnectFailed((error as NodeJS.ErrnoException).code ?? null), null);
        else callback(null, upgraded);
      });
    });
  };
}
