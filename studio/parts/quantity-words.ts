const whole = new Intl.NumberFormat('en');
const short = new Intl.NumberFormat('en', { maximumSignificantDigits: 3 });
const sizes = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'];
const counts = ['', ' k', ' M', ' G', ' T'];

/** `1,234,567`. */
export function countText(count: number): string {
  return whole.format(count);
}

/** `1.23 M`: where there is little room. */
export function shortCountText(count: number): string {
  return scaled(count, 1_000, counts);
}

/** `1.5 MiB`. */
export function bytesText(bytes: number): string {
  return scaled(bytes, 1_024, [' B', ...sizes.slice(1).map((size) => ` ${size}`)]);
}

function scaled(value: number, step: number, units: readonly string[]): string {
  let rest = value;
  let at = 0;
  while (Math.abs(rest) >= step * 0.9995 && at < units.length - 1) {
    rest /= step;
    at += 1;
  }
  return `${short.format(rest)}${units[at]}`;
}
