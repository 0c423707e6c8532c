import { useEffect, useState } from 'react';
import type { LinkTableStatus } from '#studio/data/link-shapes.ts';
import { rateOf, withSample, type Sample } from './progress.ts';

/** Rows a second of tables that are being copied, by their ids. */
export type TableRates = ReadonlyMap<string, number>;

interface Known {
  readonly key: string;
  readonly samples: ReadonlyMap<string, readonly Sample[]>;
}

/** By the readings since this page looks. `key`: of which run; another one begins anew. */
export function useTableRates(key: string, tables: readonly LinkTableStatus[], atMs: number): TableRates {
  const [known, setKnown] = useState<Known>({ key, samples: new Map() });
  useEffect(() => {
    if (atMs === 0) return;
    setKnown((before) => {
      const samples = new Map<string, readonly Sample[]>();
      for (const { id, status, isthmus } of tables) {
        if (status !== 'Snapshotting' || isthmus.rowsCopied === undefined) continue;
        const former = before.key === key ? before.samples.get(id) : undefined;
        samples.set(id, withSample(former ?? [], { atMs, value: isthmus.rowsCopied }));
      }
      return { key, samples };
    });
  }, [key, tables, atMs]);
  const rates = new Map<string, number>();
  for (const [id, samples] of known.samples) {
    const rate = rateOf(samples);
    if (rate !== undefined) rates.set(id, rate);
  }
  return rates;
}
