const units: readonly (readonly [Intl.RelativeTimeFormatUnit, number])[] = [
  ['year', 31_536_000],
  ['month', 2_592_000],
  ['day', 86_400],
  ['hour', 3_600],
  ['minute', 60],
  ['second', 1],
];
const words = new Intl.RelativeTimeFormat('en', { numeric: 'auto' });

/** `3 minutes ago`, `in 2 hours`, `now`. */
export function agoText(atMs: number, nowMs: number): string {
  const seconds = Math.round((atMs - nowMs) / 1_000);
  // Two clocks, or one that is looked at once a second: nothing has just happened in the future.
  if (seconds === 1) return words.format(0, 'second');
  const [unit, size] = units.find(([, one]) => Math.abs(seconds) >= one) ?? ['second', 1];
  return words.format(Math.trunc(seconds / size), unit);
}

/** How long until `agoText` says something else. */
export function nextChangeMs(atMs: number, nowMs: number): number {
  const seconds = Math.abs(atMs - nowMs) / 1_000;
  if (seconds < 60) return 1_000;
  return seconds < 3_600 ? 20_000 : 300_000;
}

/** `1 h 3 min`, `4 min 5 s`, `850 ms`: how long something takes, in at most two units. */
export function durationText(seconds: number): string {
  if (!Number.isFinite(seconds)) return '–';
  if (Math.abs(seconds) < 1) return `${Math.round(seconds * 1_000)} ms`;
  const whole = Math.round(Math.abs(seconds));
  const parts: readonly (readonly [string, number])[] = [
    ['d', Math.floor(whole / 86_400)],
    ['h', Math.floor(whole / 3_600) % 24],
    ['min', Math.floor(whole / 60) % 60],
    ['s', whole % 60],
  ];
  const first = parts.findIndex(([, count]) => count > 0);
  const shown = parts.slice(first, first + 2).filter(([, count]) => count > 0);
  return `${seconds < 0 ? '-' : ''}${shown.map(([unit, count]) => `${count} ${unit}`).join(' ')}`;
}

/** The date and time as people here read it, to the second. */
export function exactText(atMs: number): string {
  return new Date(atMs).toLocaleString(undefined, { dateStyle: 'medium', timeStyle: 'medium' });
}
