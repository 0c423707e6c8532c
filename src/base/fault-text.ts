import { fault, type Fault, type FaultKind } from './fault.ts';

/** A fault as it is sent between processes and shown: no cause, no stack, no details. */
export interface FaultText {
  readonly kind: FaultKind;
  readonly code: string;
  readonly message: string;
  readonly target: string | undefined;
  readonly remedy: string | undefined;
}

export function faultText({ kind, code, message, target, remedy }: Fault): FaultText {
  return { kind, code, message, target, remedy };
}

export function faultFrom({ kind, code, message, target, remedy }: FaultText): Fault {
  return fault(kind, code, message, { target, remedy });
}

/** One line for people. */
export function describeFault({ code, message, remedy }: Pick<FaultText, 'code' | 'message' | 'remedy'>): string {
  return `${code}: ${message}${remedy === undefined ? '' : ` ${remedy}`}`;
}
