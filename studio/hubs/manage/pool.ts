import { objectOf, textOf } from '#arm/client-answer.ts';
import type { JsonObject } from '#arm/resource.ts';

/** Azure's service levels. */
export const poolLevels: readonly string[] = [
  100, 200, 300, 400, 500, 1_000, 1_500, 2_000, 2_500, 3_000, 5_000, 6_000, 7_500, 10_000, 15_000, 30_000,
].map((units) => `DW${units}c`);

export interface PoolDraft {
  readonly name: string;
  readonly level: string;
  /** Megabytes; empty: as the service level has it. */
  readonly memory: string;
}

export function poolBody({ level, memory }: PoolDraft, location: string): JsonObject {
  return {
    location,
    sku: { name: level },
    ...(memory.trim() !== '' && { tags: { 'hidden-memory-mb': memory.trim() } }),
    properties: {},
  };
}

export function poolProblem({ name, memory }: PoolDraft): string | undefined {
  if (!/^[A-Za-z0-9_]{1,60}$/.test(name)) return 'The name has letters, digits and _, 60 at most.';
  if (memory.trim() !== '' && !(/^\d{3,7}$/.test(memory.trim()) && Number(memory) >= 256))
    return 'Memory is a number of megabytes, at least 256.';
  return undefined;
}

export function levelOf(pool: object): string {
  return textOf(objectOf((pool as JsonObject)['sku'])['name']) ?? '';
}
