import type { SqlMessage } from '../session.ts';

/** DuckDB's names of types in its messages. */
const typeNames: Readonly<Record<string, string>> = {
  BOOL: 'bit',
  UINT8: 'tinyint',
  INT8: 'smallint',
  INT16: 'smallint',
  INT32: 'int',
  INT64: 'bigint',
  INT128: 'numeric',
  FLOAT: 'real',
  DOUBLE: 'float',
};

function typeName(engine: string | undefined): string {
  if (engine === undefined || engine.startsWith('DECIMAL')) return 'numeric';
  return typeNames[engine] ?? engine.toLowerCase();
}

type Reading = readonly [RegExp, (found: RegExpExecArray) => readonly [number, string]];

const overflow = (type: string): readonly [number, string] => [
  8115,
  `Arithmetic overflow error converting expression to data type ${type}.`,
];

/** What DuckDB says of values, and SQL Server's message for it. */
const readings: readonly Reading[] = [
  [/^Invalid Input Error: \{sql (\d+)\} (.*)$/s, (found) => [Number(found[1]), found[2] ?? '']],
  [/^Out of Range Error: Overflow in \w+ of (DECIMAL|U?INT\d+)/, (found) => overflow(typeName(found[1]))],
  [/^Out of Range Error: Overflow in HUGEINT/, () => overflow('numeric')],
  [/^Out of Range Error: Overflow in (?:negation|division|abs)/, () => overflow('int')],
  [/^Out of Range Error: Overflow on abs/, () => overflow('int')],
  [
    /^Conversion Error: Type (\w+)(?:\([\d,]+\))? with value (\S+) can't be cast because the value is out of range for the destination type (\w+)/,
    (found) =>
      found[3] === 'UINT8' || found[3] === 'INT16'
        ? [220, `Arithmetic overflow error for data type ${typeName(found[3])}, value = ${found[2] ?? ''}.`]
        : overflow(typeName(found[3])),
  ],
  [
    /^Conversion Error: Could not cast value \S+ to DECIMAL/,
    () => [8115, 'Arithmetic overflow error converting expression to data type numeric.'],
  ],
  [/^Conversion Error: Failed to cast decimal value \S+ to type (\w+)/, (found) => overflow(typeName(found[1]))],
  [/^Conversion Error: Casting .*DECIMAL/, () => overflow('numeric')],
  [
    /^(?:Out of Range|Conversion) Error: .*(?:Date|Timestamp|date|timestamp).*(?:range|overflow)/i,
    () => [517, "Adding a value to a 'datetime' column caused an overflow."],
  ],
  [/^Invalid Input Error: Malformed JSON/, () => [13_609, 'JSON text is not properly formatted.']],
  [
    /^Invalid Input Error: More than one row returned by a subquery/,
    () => [
      512,
      'Subquery returned more than 1 value. This is not permitted when the subquery follows =, !=, <, <= , >, >= or when the subquery is used as an expression.',
    ],
  ],
];

/** What stopped a statement at its values, as SQL Server says it; undefined: it is none of its errors. */
export function sqlErrorOfEngine(error: unknown): SqlMessage | undefined {
  if (!(error instanceof Error)) return undefined;
  for (const [pattern, read] of readings) {
    const found = pattern.exec(error.message);
    if (!found) continue;
    const [number, text] = read(found);
    return { number, severity: 16, state: 1, text, line: 1 };
  }
  return undefined;
}
