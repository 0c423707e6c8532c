import { useEffect, useState } from 'react';
import { rateOf, withSample, type Sample } from './progress.ts';

/** How fast a count grows, by the readings since this page looks. `key`: of what; another one begins anew. */
export function useRate(key: string, value: number | undefined, atMs: number): number | undefined {
  const [known, setKnown] = useState<{ readonly key: string; readonly samples: readonly Sample[] }>({ key, samples: [] });
  useEffect(() => {
    if (value === undefined || atMs === 0) return;
    setKnown((before) => ({ key, samples: withSample(before.key === key ? before.samples : [], { atMs, value }) }));
  }, [key, value, atMs]);
  return known.key === key ? rateOf(known.samples) : undefined;
}
