import type { UseQueryResult } from '@tanstack/react-query';
import { useEffect, useRef, useState } from 'react';
import { useArm } from '#studio/data/queries.ts';
import { useSubscription } from '#studio/data/session.ts';
import { atRest, ratesBetween, type Rate } from './rates.ts';
import type { Counters, Topology } from './topology-shape.ts';

/** The network as it is carried now: another one within a second of any change. */
export function useTopology(): UseQueryResult<Topology> {
  const within = useSubscription();
  return useArm<Topology>(`${within}/providers/Isthmus.Fabric/topology`, { watch: { types: ['Isthmus.Fabric/topology'], within } });
}

export type Rates = ReadonlyMap<string, Rate>;

/** Nothing was told for so long: nothing passes. */
const restMs = 2_500;

/** What passes each node and edge at this moment. */
export function useRates(): Rates {
  const within = useSubscription();
  const { data } = useArm<Counters>(`${within}/providers/Isthmus.Fabric/counters`, {
    watch: { types: ['Isthmus.Fabric/counters'], within },
  });
  const last = useRef<Counters>(undefined);
  const [rates, setRates] = useState<Rates>(new Map());
  useEffect(() => {
    if (data === undefined) return undefined;
    if (last.current !== data) setRates(ratesBetween(last.current, data));
    last.current = data;
    const timer = setTimeout(() => setRates(atRest), restMs);
    return () => clearTimeout(timer);
  }, [data]);
  return rates;
}
