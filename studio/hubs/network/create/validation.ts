/** What is wrong by field; a field that is not in it is right. */
export type Problems = Readonly<Record<string, string | undefined>>;

export function hasProblems(problems: Problems): boolean {
  return Object.values(problems).some((one) => one !== undefined);
}

/** Rule: https://learn.microsoft.com/azure/azure-resource-manager/management/resource-name-rules */
export function nameProblem(text: string, maxLength = 80): string | undefined {
  if (text === '') return 'Give it a name.';
  if (text.length > maxLength) return `A name has at most ${maxLength} characters.`;
  return /^[A-Za-z0-9](?:[\w.-]*\w)?$/.test(text)
    ? undefined
    : "A name is letters, digits, '.', '-' and '_', begins with a letter or digit and does not end with '.' or '-'.";
}

export function groupProblem(text: string): string | undefined {
  if (text === '') return 'Choose a resource group, or write the name of a new one.';
  return /^[\w.()-]{1,90}$/.test(text) && !text.endsWith('.')
    ? undefined
    : "The name of a group is letters, digits, '.', '-', '_' and brackets, at most 90, and does not end with '.'.";
}

/** Addresses from the first to the last, as whole numbers. */
export interface Range {
  readonly first: number;
  readonly last: number;
  readonly bits: number;
}

/** Undefined: it is no IPv4 address. */
export function addressNumber(text: string): number | undefined {
  const parts = text.split('.');
  if (parts.length !== 4 || !parts.every((part) => /^(?:0|[1-9]\d{0,2})$/.test(part) && Number(part) <= 255)) return undefined;
  return parts.reduce((sum, part) => sum * 256 + Number(part), 0);
}

/** `10.0.0.0/16`; undefined: it is none, or does not begin where it says. */
export function parseRange(text: string): Range | undefined {
  const [address = '', bitsText = '', ...more] = text.trim().split('/');
  const first = addressNumber(address);
  if (first === undefined || more.length > 0 || !/^\d{1,2}$/.test(bitsText)) return undefined;
  const bits = Number(bitsText);
  const size = 2 ** (32 - bits);
  return bits <= 32 && first % size === 0 ? { first, last: first + size - 1, bits } : undefined;
}

export function overlaps(a: Range, b: Range): boolean {
  return a.first <= b.last && b.first <= a.last;
}

export function lies(inner: Range, outer: Range): boolean {
  return outer.first <= inner.first && inner.last <= outer.last;
}

/** What is wrong with a range; undefined: nothing. `least`: the smallest one, in bits. */
export function rangeProblem(text: string, least = 29): string | undefined {
  const [address = '', bits = ''] = text.trim().split('/');
  const range = parseRange(text);
  if (range !== undefined)
    return range.bits > least ? `The smallest range is a /${least}: five of its addresses are not given.` : undefined;
  const number = addressNumber(address);
  if (number === undefined || !/^\d{1,2}$/.test(bits) || Number(bits) > 32) return 'Write it as 10.0.1.0/24.';
  const size = 2 ** (32 - Number(bits));
  return `A /${bits} begins at ${addressText(number - (number % size))}.`;
}

export function addressText(number: number): string {
  return [24, 16, 8, 0].map((shift) => Math.floor(number / 2 ** shift) % 256).join('.');
}

/** What is wrong with a port; undefined: nothing. */
export function portProblem(text: string): string | undefined {
  const port = Number(text);
  return /^\d{1,5}$/.test(text.trim()) && port >= 1 && port <= 65_535 ? undefined : 'A port is a number from 1 to 65535.';
}

export function wholeProblem(text: string, least: number, most: number): string | undefined {
  const number = Number(text);
  return /^\d{1,10}$/.test(text.trim()) && number >= least && number <= most ? undefined : `A whole number from ${least} to ${most}.`;
}

/** Names that mean an endpoint or a service: a list, parted by commas, blanks or lines. */
export function namesOf(text: string): readonly string[] {
  return text.split(/[\s;]+|,(?!\d)/).filter((one) => one !== '');
}

export function namesProblem(text: string): string | undefined {
  const wrong = namesOf(text).find((one) => !/^[A-Za-z0-9*](?:[\w.-]{0,251}\w)?(?:,\d{1,5})?$/.test(one));
  return wrong === undefined ? undefined : `'${wrong.slice(0, 60)}' is no host name.`;
}
