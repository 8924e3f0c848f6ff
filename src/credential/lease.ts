import type { Lease } from '../model/lease.ts';
import { Secret } from '../model/secret.ts';

/** What goes with every lease of one role. */
export interface LeaseShape {
  readonly role: string;
  readonly scheme: Lease['scheme'];
  readonly headers: Lease['headers'];
  readonly betas: readonly string[];
}

/** A lease that shows everything of itself but its value. */
export class HeldLease implements Lease {
  readonly id: string;
  readonly role: string;
  readonly expiresAt: number;
  readonly scheme: Lease['scheme'];
  readonly headers: Lease['headers'];
  readonly betas: readonly string[];
  readonly #secret: Secret;

  constructor(shape: LeaseShape, id: string, value: string, expiresAt: number) {
    this.id = id;
    this.role = shape.role;
    this.scheme = shape.scheme;
    this.headers = shape.headers;
    this.betas = shape.betas;
    this.expiresAt = expiresAt;
    this.#secret = new Secret(value);
  }

  reveal(): string {
    return this.#secret.reveal();
  }
}
