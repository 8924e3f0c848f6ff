import { GatewayError } from '../errors.ts';

/** The error of a scan or mask that failed; its detail names the place, never the text. */
export function maskFailed(place: string, cause: unknown): GatewayError {
  if (cause instanceof GatewayError) return cause;
  return new GatewayError('MASK_FAILED', undefined, {
    detail: `${place}: ${cause instanceof Error ? cause.name : 'fault'}`,
    cause,
  });
}
