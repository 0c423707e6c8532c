import { fault } from '#base/fault.ts';

/** Which tables a link takes: `schema.table`, with `*` and `?` in either part; a part may stand in double quotes; `!` in front leaves out. */
export interface TablePatterns {
  matches(schema: string, name: string): boolean;
  /** The patterns with no wildcard: each must name a table. */
  readonly exact: readonly { readonly schema: string; readonly name: string }[];
  /** Nothing else than `exact` matches, so that nothing else need be looked at. */
  readonly isExact?: boolean | undefined;
}

interface Pattern {
  readonly leaveOut: boolean;
  readonly schema: string;
  readonly name: string;
  readonly test: (schema: string, name: string) => boolean;
}

/** Comma-separated patterns; `usualSchema` is that of a name alone. Fault `invalid` (`TablePatternInvalid`) names the one that cannot be read. */
export function parseTablePatterns(text: string, usualSchema = 'public'): TablePatterns {
  const patterns = text.split(/,(?=(?:[^"]*"[^"]*")*[^"]*$)/).map((one) => parsePattern(one.trim(), usualSchema));
  const take = patterns.filter((one) => !one.leaveOut);
  const leave = patterns.filter((one) => one.leaveOut);
  return {
    matches: (schema, name) => take.some((one) => one.test(schema, name)) && !leave.some((one) => one.test(schema, name)),
    exact: take.filter((one) => !/[*?]/.test(one.schema + one.name)),
  };
}

function parsePattern(text: string, usualSchema: string): Pattern {
  const match = /^(!?)(?:("(?:[^"]|"")+"|[^".]+)\.)?("(?:[^"]|"")+"|[^".]+)$/.exec(text);
  if (!match) {
    throw fault('invalid', 'TablePatternInvalid', `"${text}" is no table pattern.`, {
      target: text,
      remedy: 'Write schema.table, such as public.orders or public.*; put a name with a dot in double quotes.',
    });
  }
  const schema = unquote(match[2] ?? usualSchema);
  const name = unquote(match[3]!);
  const [schemaTest, nameTest] = [wildcard(schema), wildcard(name)];
  return { leaveOut: match[1] === '!', schema, name, test: (s, n) => schemaTest.test(s) && nameTest.test(n) };
}

function unquote(part: string): string {
  return part.startsWith('"') ? part.slice(1, -1).replaceAll('""', '"') : part;
}

function wildcard(part: string): RegExp {
  const escaped = part
    .replaceAll(/[.+^${}()|[\]\\]/g, String.raw`\$&`)
    .replaceAll('*', '.*')
    .replaceAll('?', '.');
  return new RegExp(`^${escaped}$`, 's');
}
