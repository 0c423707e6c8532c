import type { Dialer } from '#base/dialer.ts';
import { toFault, type Fault } from '#base/fault.ts';
import type { Secret } from '#base/secret.ts';
import { errorNumberOf } from '#replication/sources/error-number.ts';
import type { Route } from '#replication/sources/sqlserver/routes.ts';

/** How strictly TLS is asked for; meanings as libpq's. */
export type TlsMode = 'disable' | 'prefer' | 'require' | 'verify-ca' | 'verify-full';

/** A database, and how to log in to it. */
export interface DatabaseAddress {
  readonly kind: 'sqlserver' | 'postgresql' | 'mysql';
  readonly host: string;
  readonly port: number;
  readonly database: string;
  readonly user: string;
  readonly password: Secret | undefined;
  readonly tls: TlsMode;
  /** The name that the certificate must hold, where it is not `host`. */
  readonly certificateName: string | undefined;
  /** SQL Server: TLS comes before anything else, and is verified in full (TDS 8, `encrypt=strict`). */
  readonly tlsFirst?: boolean | undefined;
  /** SQL Server: what becomes of places that a gateway sends on to. */
  readonly routes?: readonly Route[] | undefined;
}

/** One step of a test. Steps come in order; none follows one that failed. */
export interface TestStep {
  readonly name: 'TCP' | 'TLS' | 'login' | 'connection policy' | 'rights';
  readonly ok: boolean;
  readonly ms: number;
  /** One sentence. No secret, no row's value. */
  readonly detail: string;
  readonly fault: Fault | undefined;
  /** SQL Server's or MySQL's own number of what failed, where it said one. */
  readonly errorNumber?: number | undefined;
}

export interface TestAsk {
  readonly address: DatabaseAddress;
  readonly dialer: Dialer;
  /** For the whole test. */
  readonly timeoutMs: number;
  /** Told of each step as soon as it is done. */
  readonly onStep?: ((step: TestStep) => void) | undefined;
}

/** Steps with their times. */
export class Steps {
  readonly all: TestStep[] = [];
  readonly #onStep: TestAsk['onStep'];
  #fromMs = performance.now();

  constructor(onStep: TestAsk['onStep']) {
    this.#onStep = onStep;
  }

  done(name: TestStep['name'], detail: string): void {
    this.#add({ name, ok: true, ms: this.#lap(), detail, fault: undefined });
  }

  failed(name: TestStep['name'], error: unknown): void {
    const trouble = toFault(error);
    // A bug's message is not for users.
    const detail = trouble.kind === 'bug' ? 'The test itself failed.' : trouble.message;
    const errorNumber = errorNumberOf(trouble);
    this.#add({ name, ok: false, ms: this.#lap(), detail, fault: trouble, ...(errorNumber !== undefined && { errorNumber }) });
  }

  #add(step: TestStep): void {
    this.all.push(step);
    this.#onStep?.(step);
  }

  #lap(): number {
    const nowMs = performance.now();
    const ms = Math.round((nowMs - this.#fromMs) * 10) / 10;
    this.#fromMs = nowMs;
    return ms;
  }
}
