import { useEffect, useState, type ReactElement } from 'react';
import { agoText, exactText, nextChangeMs } from './time-words.ts';

export interface TimeTextProps {
  /** ISO 8601, or milliseconds since 1970. What is no time is shown as it is; undefined: nothing is known of it. */
  readonly at: string | number | undefined;
  /** `ago`: as people say it, with the exact time when pointed at. Default: `ago`. */
  readonly as?: 'ago' | 'exact';
}

/** A time. As `3 minutes ago` it goes on by itself. */
export function TimeText({ at, as = 'ago' }: TimeTextProps): ReactElement {
  const atMs = typeof at === 'string' ? Date.parse(at) : (at ?? Number.NaN);
  const nowMs = useNow(as === 'ago' ? atMs : Number.NaN);
  if (Number.isNaN(atMs)) return <span>{at === undefined || at === '' ? '–' : at}</span>;
  const exact = exactText(atMs);
  return (
    <time dateTime={new Date(atMs).toISOString()} title={exact}>
      {as === 'exact' ? exact : agoText(atMs, nowMs)}
    </time>
  );
}

/** Now, renewed as often as it matters for a time. */
function useNow(atMs: number): number {
  const [nowMs, setNowMs] = useState(() => Date.now());
  useEffect(() => {
    if (Number.isNaN(atMs)) return undefined;
    const timer = setTimeout(() => setNowMs(Date.now()), nextChangeMs(atMs, Date.now()));
    return () => clearTimeout(timer);
  }, [atMs, nowMs]);
  // What has just been read may be newer than the last tick.
  return Math.max(nowMs, Date.now());
}
