import { toFault } from '#base/fault.ts';

/** `read`, or the kind and code of the fault that reading ends with. */
export function outcomeOf(read: () => unknown): string {
  try {
    read();
    return 'read';
  } catch (error) {
    const { kind, code } = toFault(error);
    return `${kind} ${code}`;
  }
}

/** All that bytes from anywhere may lead to. */
export const allowedOutcomes: readonly string[] = ['read', 'corrupt MalformedMessage', 'unsupported TdsNotSupported'];
