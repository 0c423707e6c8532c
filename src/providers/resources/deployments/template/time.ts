import { refuseFeature } from './refusal.ts';

/** A time in UTC by the letters of .NET's own formats that templates use: `yyyy-MM-dd`, `d`, `u` … Quoted parts stay as they are. */
export function formatTime(time: Date, format: string, at: string): string {
  const standard: Readonly<Record<string, string>> = {
    d: 'M/d/yyyy',
    u: "yyyy-MM-dd HH:mm:ss'Z'",
    s: "yyyy-MM-dd'T'HH:mm:ss",
    o: "yyyy-MM-dd'T'HH:mm:ss.fffffff'Z'",
    O: "yyyy-MM-dd'T'HH:mm:ss.fffffff'Z'",
  };
  const pattern = Object.hasOwn(standard, format) ? standard[format]! : format;
  if (format.length === 1 && pattern === format) {
    throw refuseFeature(at, `The time format '${format}'`, "Write the format out, as 'yyyy-MM-dd'.");
  }
  return pattern.replace(
    /'([^']*)'|y{4}|y{2}|M{1,2}|d{1,2}|H{1,2}|h{1,2}|m{1,2}|s{1,2}|f{1,7}|tt|([A-Za-z])/g,
    (word: string, quoted?: string, other?: string) => {
      if (quoted !== undefined) return quoted;
      if (other === 'T' || other === 'Z') return other;
      if (other !== undefined)
        throw refuseFeature(at, `The time format '${other}'`, 'Use yyyy, MM, dd, HH, mm, ss and f; other letters in single quotes.');
      return timePart(time, word);
    },
  );
}

function timePart(time: Date, word: string): string {
  const padded = (value: number): string => String(value).padStart(word.length, '0');
  switch (word[0]) {
    case 'y':
      return String(time.getUTCFullYear()).padStart(4, '0').slice(-word.length);
    case 'M':
      return padded(time.getUTCMonth() + 1);
    case 'd':
      return padded(time.getUTCDate());
    case 'H':
      return padded(time.getUTCHours());
    case 'h':
      return padded(((time.getUTCHours() + 11) % 12) + 1);
    case 'm':
      return padded(time.getUTCMinutes());
    case 's':
      return padded(time.getUTCSeconds());
    case 't':
      return time.getUTCHours() < 12 ? 'AM' : 'PM';
    default:
      return String(time.getUTCMilliseconds()).padStart(3, '0').padEnd(7, '0').slice(0, word.length);
  }
}

const duration = /^(-?)P(?:(\d+)Y)?(?:(\d+)M)?(?:(\d+)W)?(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?$/;

/** A time moved by a duration of ISO 8601. Undefined: it is none, or leads out of all time. */
export function addDuration(time: Date, text: string): Date | undefined {
  const match = duration.exec(text);
  if (match === null || text.endsWith('P') || text.endsWith('T')) return undefined;
  const sign = match[1] === '-' ? -1 : 1;
  const [years, months, weeks, days, hours, minutes, seconds] = match.slice(2).map((part) => sign * Number(part ?? 0));
  const moved = new Date(time);
  moved.setUTCFullYear(moved.getUTCFullYear() + years!, moved.getUTCMonth() + months!, moved.getUTCDate() + weeks! * 7 + days!);
  moved.setTime(moved.getTime() + ((hours! * 60 + minutes!) * 60 + seconds!) * 1000);
  return Number.isNaN(moved.getTime()) ? undefined : moved;
}
