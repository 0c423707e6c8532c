import { toFault } from '#base/fault.ts';
import type { JsonObject } from '#arm/resource.ts';

export interface TestHop {
  readonly name: string;
  readonly ok: boolean;
  readonly ms: number;
  readonly detail: string;
  readonly id?: string;
  /** With the hop that failed. */
  readonly code?: string;
  readonly side?: string;
  readonly remedy?: string;
}

/** What `testConnectivity` answers. */
export interface TestResult {
  readonly succeeded: boolean;
  readonly errors: readonly { readonly code: string; readonly message: string }[];
  readonly hops: readonly TestHop[];
  readonly runtime?: { readonly name: string; readonly isolated?: boolean; readonly startMs?: number };
}

/** `6 hops, 12 ms` or which hop it failed at, and on whose side. */
export function summaryOf({ succeeded, hops }: TestResult): string {
  const failed = hops.find(({ ok }) => !ok);
  const ms = hops.reduce((sum, hop) => sum + hop.ms, 0);
  if (succeeded) return `Connected: ${hops.length} hops in ${Math.round(ms)} ms.`;
  if (failed === undefined) return 'It failed.';
  return `Failed at the hop '${failed.name}', on ${failed.side ?? 'a side that is not known'}.`;
}

/** What is asked of the server: as the form has it, with the name under which its secrets may be saved. */
export function testBody(name: string, body: JsonObject): JsonObject {
  return { linkedService: { ...(name !== '' && { name }), properties: body['properties']! } };
}

/** Whether nothing is wrong but that interactive authoring is off. */
export function needsAuthoring(error: unknown): boolean {
  return error !== null && error !== undefined && toFault(error).code === 'InteractiveAuthoringNotEnabled';
}
