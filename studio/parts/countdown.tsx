import { useEffect, useState, type ReactElement } from 'react';
import { durationText, exactText } from './time-words.ts';

export interface CountdownProps {
  /** ISO 8601: when it is over. */
  readonly until: string;
  /** What is said then. Default: `over`. */
  readonly over?: string;
}

/** How much time is left, second by second; the exact end when pointed at. */
export function Countdown({ until, over = 'over' }: CountdownProps): ReactElement {
  const endMs = Date.parse(until);
  const leftMs = useLeft(endMs);
  return (
    <time dateTime={until} title={Number.isNaN(endMs) ? undefined : exactText(endMs)}>
      {leftMs <= 0 ? over : `${durationText(Math.ceil(leftMs / 1_000))} left`}
    </time>
  );
}

function useLeft(endMs: number): number {
  const [nowMs, setNowMs] = useState(() => Date.now());
  const isOver = !(endMs > nowMs);
  useEffect(() => {
    if (isOver) return undefined;
    const timer = setInterval(() => setNowMs(Date.now()), 1_000);
    return () => clearInterval(timer);
  }, [isOver]);
  return endMs - nowMs;
}
