const form = /^P(?=.)(?:(\d{1,3})D)?(?:T(?=.)(?:(\d{1,4})H)?(?:(\d{1,5})M)?(?:(\d{1,7})S)?)?$/i;

/** Milliseconds of an ISO 8601 duration of days, hours, minutes and whole seconds; undefined: it is none, or nothing. */
export function durationMs(text: string): number | undefined {
  const match = form.exec(text);
  if (match === null) return undefined;
  const [days, hours, minutes, seconds] = match.slice(1).map((part) => Number(part ?? 0));
  const ms = (((days! * 24 + hours!) * 60 + minutes!) * 60 + seconds!) * 1_000;
  return ms === 0 ? undefined : ms;
}

/** The shortest text of whole seconds: `PT1M`, `P1D`, `PT1H30M`. */
export function durationText(ms: number): string {
  let left = Math.round(ms / 1_000);
  const part = (seconds: number, mark: string): string => {
    const count = Math.floor(left / seconds);
    left -= count * seconds;
    return count === 0 ? '' : `${count}${mark}`;
  };
  const days = part(86_400, 'D');
  const time = [part(3_600, 'H'), part(60, 'M'), part(1, 'S')].join('');
  return `P${days}${time === '' ? '' : `T${time}`}`;
}
