import { toFault, type Fault } from '#base/fault.ts';

/** What was read, or the refusal in place of what may not be read or is gone meanwhile. */
export async function readable<T>(read: () => Promise<T>): Promise<T | Fault> {
  try {
    return await read();
  } catch (error) {
    const known = toFault(error);
    if (known.kind === 'denied' || known.kind === 'missing') return known;
    throw known;
  }
}
