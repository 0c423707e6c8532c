import { anyNullable, argumentAs, constantInt, intArgument, invalidArgument, longType, textArgument, textType } from './arguments.ts';
import type { CallContext, FunctionRule } from './functions.ts';
import { escapeRegex } from './like-pattern.ts';
import { patternIndex } from './like.ts';
import { bound, boundAll, failing, textLiteral } from './sql-text.ts';
import { isBinary, isNational, isText, knownType, lengthOf, sizedType, textLength } from './type-order.ts';
import type { Typed } from './typed.ts';
import { byUnits, inUnits, isNarrow, lengthInUnits } from './utf16.ts';

export type Write = FunctionRule['write'];

function text(least: number, most: number, write: Write, note?: string): FunctionRule {
  return { least, most, group: 'text', write, ...(note === undefined ? {} : { note }) };
}

/** `int`, and `bigint` of what may be longer. */
function countType(of: Typed): { readonly name: 'int' | 'bigint' } {
  const type = knownType(of);
  return { name: (isText(type) || isBinary(type)) && lengthOf(type) === 'max' ? 'bigint' : 'int' };
}

function asCount(sql: string, of: Typed): Typed {
  const type = countType(of);
  return { sql: type.name === 'int' ? `CAST(${sql} AS INTEGER)` : `CAST(${sql} AS BIGINT)`, type, nullable: of.nullable };
}

const length: Write = ([value], context) => {
  const given = value as Typed;
  if (isBinary(knownType(given))) return asCount(`octet_length(${given.sql})`, given);
  const text = textArgument(given, context);
  return asCount(lengthInUnits(`rtrim(${text.sql}, ' ')`), text);
};

const fixedSizes: Readonly<Record<string, number>> = {
  bit: 1,
  tinyint: 1,
  smallint: 2,
  int: 4,
  bigint: 8,
  real: 4,
  float: 8,
  money: 8,
  smallmoney: 4,
  datetime: 8,
  smalldatetime: 4,
  date: 3,
  uniqueidentifier: 16,
};

/** Bytes of a value as SQL Server holds it. */
const dataLength: Write = ([value]) => {
  const given = value as Typed;
  const type = knownType(given);
  if (given.type === undefined) return { sql: 'CAST(NULL AS INTEGER)', type: { name: 'int' }, nullable: true };
  if (isBinary(type)) return asCount(`octet_length(${given.sql})`, given);
  if (isText(type)) return asCount(isNational(type) ? `(${lengthInUnits(given.sql)} * 2)` : lengthInUnits(given.sql), given);
  let size = fixedSizes[type.name] ?? 0;
  if ('precision' in type) size = type.precision <= 9 ? 5 : type.precision <= 19 ? 9 : type.precision <= 28 ? 13 : 17;
  else if ('scale' in type)
    size = (type.name === 'time' ? 3 : type.name === 'datetime2' ? 6 : 8) + (type.scale <= 2 ? 0 : type.scale <= 4 ? 1 : 2);
  return { sql: `(CASE WHEN ${given.sql} IS NOT NULL THEN CAST(${size} AS INTEGER) END)`, type: { name: 'int' }, nullable: given.nullable };
};

/** A length that must not be negative: 536 or 537 where it is. */
function lengthArgument(value: Typed | undefined, context: CallContext): string {
  const constant = constantInt(value);
  if (constant !== undefined && constant >= 0) return String(constant);
  const count = argumentAs(value, { name: 'bigint' }, context).sql;
  const [number, words] =
    context.name !== 'RIGHT'
      ? [537, 'Invalid length parameter passed to the LEFT or SUBSTRING function.']
      : [536, 'Invalid length parameter passed to the RIGHT function.'];
  return bound('count', count, (n) => `CASE WHEN ${n} < 0 THEN ${failing(number, words)} ELSE ${n} END`);
}

function cutLength(source: Typed, count: Typed | undefined): number | 'max' {
  const constant = constantInt(count);
  const type = knownType(source);
  const length = isText(type) ? type.length : textLength(type);
  return constant === undefined || constant < 0 || (length !== 'max' && constant > length) ? length : Math.max(1, constant);
}

function side(name: 'left' | 'right'): Write {
  return ([value, count], context) => {
    const source = textArgument(value, context);
    const n = lengthArgument(count, context);
    return {
      sql: byUnits(source.sql, (wide) => `${name}(${wide}, ${n})`),
      type: textType(source, cutLength(source, count)),
      nullable: source.nullable || (count?.nullable ?? false),
      binaryOrder: source.binaryOrder,
    };
  };
}

const substring: Write = ([value, start, count], context) => {
  const given = value as Typed;
  const first = constantInt(start);
  const wanted = constantInt(count);
  let from: string;
  let n: string;
  if (first !== undefined && wanted !== undefined && wanted >= 0) {
    from = String(Math.max(1, first));
    n = String(Math.max(0, first < 1 ? first + wanted - 1 : wanted));
  } else {
    const begins = argumentAs(start, { name: 'bigint' }, context).sql;
    const many = lengthArgument(count, context);
    from = `CASE WHEN ${begins} < 1 THEN 1 ELSE ${begins} END`;
    n = boundAll(
      { begins, many },
      (given) =>
        `CASE WHEN ${given.begins} < 1 THEN greatest(CAST(0 AS BIGINT), ${given.begins} + CAST(${given.many} AS BIGINT) - 1) ELSE CAST(${given.many} AS BIGINT) END`,
    );
  }
  const nullable = given.nullable || (start?.nullable ?? false) || (count?.nullable ?? false);
  const type = knownType(given);
  if (isBinary(type))
    return {
      sql: `unhex(substring(hex(${given.sql}), (${from}) * 2 - 1, (${n}) * 2))`,
      type: sizedType('varbinary', wanted ?? type.length),
      nullable,
    };
  if (given.type !== undefined && !isText(type)) throw invalidArgument(given, 1, context);
  const source = textArgument(given, context);
  return {
    sql: byUnits(source.sql, (wide) => `substring(${wide}, ${from}, ${n})`),
    type: textType(source, cutLength(source, count)),
    nullable,
    binaryOrder: source.binaryOrder,
  };
};

const folded = (sql: string, binaryOrder: boolean): string => (binaryOrder ? sql : `lower(${sql})`);

const units = (sql: string): string => bound('wide', sql, (wide) => `CASE WHEN ${isNarrow(wide)} THEN ${wide} ELSE ${inUnits(wide)} END`);

const charIndex: Write = ([find, inside, start], context) => {
  const [needle, hay] = [textArgument(find, context), textArgument(inside, context)];
  const binaryOrder = needle.binaryOrder === true || hay.binaryOrder === true;
  const values = { needle: folded(units(needle.sql), binaryOrder), hay: folded(units(hay.sql), binaryOrder) };
  const from = start === undefined ? undefined : argumentAs(start, { name: 'bigint' }, context).sql;
  const sql =
    from === undefined
      ? boundAll(
          values,
          (value) =>
            `CASE WHEN ${value.needle} = '' THEN CASE WHEN ${value.hay} IS NOT NULL THEN 0 END ELSE strpos(${value.hay}, ${value.needle}) END`,
        )
      : boundAll(
          { ...values, first: `greatest(${from}, 1) + CASE WHEN ${from} IS NULL THEN NULL ELSE 0 END` },
          ({ needle: n, hay: text, first }) => {
            const found = `strpos(substring(${text}, ${first}), ${n})`;
            return `CASE WHEN ${n} = '' AND ${text} IS NOT NULL AND ${first} IS NOT NULL THEN 0 WHEN ${first} IS NULL THEN NULL WHEN ${found} > 0 THEN ${found} + ${first} - 1 ELSE ${found} END`;
          },
        );
  return { ...asCount(sql, hay), nullable: anyNullable([needle, hay]) || (start?.nullable ?? false) };
};

/** Without regard to case. A constant to be found is a constant of the regular expression too: DuckDB reads others anew for each row. */
function replaceByRegex(source: Typed, find: Typed, by: Typed): string {
  const plain = (sql: string): string => `replace(${sql}, '\\', '\\\\')`;
  if (find.literal?.kind === 'string')
    return `regexp_replace(${source.sql}, ${textLiteral(escapeRegex(find.literal.text))}, ${plain(by.sql)}, 'gi')`;
  return boundAll({ source: source.sql, find: find.sql, by: by.sql }, (value) => {
    const replaced = `regexp_replace(${value.source}, regexp_escape(${value.find}), ${plain(value.by)}, 'gi')`;
    return `CASE WHEN ${value.find} = '' AND ${value.by} IS NOT NULL THEN ${value.source} ELSE ${replaced} END`;
  });
}

/** How long REPLACE may make a text, as far as the types and constants say. */
function longestReplaced(source: Typed, find: Typed, by: Typed): number {
  const found = find.literal?.kind === 'string' ? Math.max(1, find.literal.text.length) : 1;
  return Number(lengthOf(knownType(source))) * Math.max(1, Number(lengthOf(knownType(by))) / found);
}

const replace: Write = (args, context) => {
  const [source, find, by] = args.map((argument) => textArgument(argument, context)) as [Typed, Typed, Typed];
  const binaryOrder = source.binaryOrder === true || find.binaryOrder === true;
  const caseless = binaryOrder || (find.literal?.kind === 'string' && find.literal.text.toLowerCase() === find.literal.text.toUpperCase());
  const sql = caseless ? `replace(${source.sql}, ${find.sql}, ${by.sql})` : replaceByRegex(source, find, by);
  const nothing = [source, find, by].some((value) => value.literal?.kind === 'null');
  const type = longType([source, find, by]);
  const most = lengthOf(type);
  const cut = most === 'max' || longestReplaced(source, find, by) <= most ? sql : byUnits(sql, (wide) => `left(${wide}, ${most})`);
  return {
    sql: nothing ? 'CAST(NULL AS VARCHAR)' : cut,
    type,
    nullable: anyNullable([source, find, by]),
    binaryOrder: source.binaryOrder,
  };
};

const stuff: Write = ([value, start, count, insert], context) => {
  const source = textArgument(value, context);
  const added = textArgument(insert, context);
  const [from, many] = [argumentAs(start, { name: 'bigint' }, context).sql, argumentAs(count, { name: 'bigint' }, context).sql];
  const sql = boundAll({ source: source.sql, added: `coalesce(${added.sql}, '')`, first: from, many }, (given) => {
    const nothing = `${given.source} IS NULL OR ${given.first} IS NULL OR ${given.many} IS NULL OR ${given.first} < 1 OR ${given.many} < 0`;
    const made = byUnits(
      given.source,
      (wide) => `left(${wide}, ${given.first} - 1) || ${given.added} || substring(${wide}, ${given.first} + ${given.many})`,
    );
    return `CASE WHEN ${nothing} OR ${given.first} > ${lengthInUnits(given.source)} THEN NULL ELSE ${made} END`;
  });
  const type = longType([source, added]);
  const most = lengthOf(type);
  const fits = most === 'max' || Number(lengthOf(knownType(source))) + Number(lengthOf(knownType(added))) <= most;
  const tooLong = failing(8152, 'String or binary data would be truncated.');
  const whole = fits ? sql : bound('stuffed', sql, (made) => `CASE WHEN ${lengthInUnits(made)} > ${most} THEN ${tooLong} ELSE ${made} END`);
  return { sql: whole, type, nullable: true, binaryOrder: source.binaryOrder };
};

const replicate: Write = ([value, count], context) => {
  const source = textArgument(value, context);
  const n = argumentAs(count, { name: 'bigint' }, context).sql;
  const type = longType([source]);
  const most = lengthOf(type);
  const many = most === 'max' ? n : `least(${n}, ${most})`;
  const sql = `(CASE WHEN ${n} >= 0 THEN repeat(${source.sql}, ${many}) END)`;
  return {
    sql: most === 'max' ? sql : byUnits(sql, (wide) => `left(${wide}, ${most})`),
    type,
    nullable: true,
    binaryOrder: source.binaryOrder,
  };
};

const reverse: Write = ([value], context) => {
  const source = textArgument(value, context);
  const sql = bound(
    'wide',
    source.sql,
    (text) =>
      `CASE WHEN strlen(${text}) = length(${text}) THEN reverse(${text}) ELSE array_to_string(list_reverse(regexp_extract_all(${text}, '.', 0, 's')), '') END`,
  );
  return { sql, type: knownType(source), nullable: source.nullable, binaryOrder: source.binaryOrder };
};

function trim(name: 'ltrim' | 'rtrim' | 'trim'): Write {
  return ([value, characters], context) => {
    const source = textArgument(value, context);
    const set = characters ? textArgument(characters, context) : undefined;
    const how =
      name === 'trim' && context.call.trim !== undefined && context.call.trim !== 'both'
        ? context.call.trim === 'leading'
          ? 'ltrim'
          : 'rtrim'
        : name;
    return {
      sql: `${how}(${source.sql}, ${set?.sql ?? "' '"})`,
      type: textType(source, lengthOf(knownType(source))),
      nullable: source.nullable || (set?.nullable ?? false),
      binaryOrder: source.binaryOrder,
    };
  };
}

function inCase(name: 'upper' | 'lower'): Write {
  return ([value], context) => {
    const source = textArgument(value, context);
    // SQL Server has no capital ß.
    const upper = `replace(upper(${source.sql}), 'ẞ', 'ß')`;
    // Nor has its code page the capitals of µ and ƒ.
    const narrow = isNational(knownType(source)) ? upper : `translate(${upper}, 'ΜƑ', 'µƒ')`;
    const sql = name === 'upper' ? narrow : `lower(${source.sql})`;
    return { sql, type: knownType(source), nullable: source.nullable, binaryOrder: source.binaryOrder };
  };
}

function joinedType(values: readonly Typed[], between: number): ReturnType<typeof longType> {
  const national = values.some((value) => isNational(knownType(value)));
  const lengths = values.map((value) => lengthOf(knownType(value)));
  const total = lengths.reduce<number | 'max'>((sum, length) => (sum === 'max' || length === 'max' ? 'max' : sum + length), between);
  return sizedType(national ? 'nvarchar' : 'varchar', total);
}

const concat: Write = (args, context) => {
  const values = args.map((argument) => textArgument(argument, context));
  const type = joinedType(values, 0);
  const sql = `(${values.map((value) => (value.nullable ? `coalesce(${value.sql}, '')` : value.sql)).join(' || ')})`;
  return { sql: cutTo(sql, type, values), type, nullable: false };
};

/** As long as the type may be, where its parts may be longer. */
function cutTo(sql: string, type: ReturnType<typeof longType>, parts: readonly Typed[]): string {
  const most = lengthOf(type);
  if (most === 'max') return sql;
  const total = parts.reduce((sum, part) => sum + Number(lengthOf(knownType(part))), 0);
  return total <= most ? sql : byUnits(sql, (wide) => `left(${wide}, ${most})`);
}

const concatWith: Write = ([separator, ...rest], context) => {
  const between = textArgument(separator, context);
  const values = rest.map((argument) => textArgument(argument, context));
  const width = lengthOf(knownType(between));
  const type = joinedType(values, width === 'max' ? 0 : width * (values.length - 1));
  return { sql: `concat_ws(coalesce(${between.sql}, ''), ${values.map((value) => value.sql).join(', ')})`, type, nullable: false };
};

export const textFunctions: Readonly<Record<string, FunctionRule>> = {
  LEN: text(1, 1, length),
  DATALENGTH: text(1, 1, dataLength),
  LEFT: text(2, 2, side('left')),
  RIGHT: text(2, 2, side('right')),
  SUBSTRING: text(3, 3, substring),
  CHARINDEX: text(2, 3, charIndex),
  PATINDEX: text(2, 2, ([pattern, value], context) => {
    const source = textArgument(value, context);
    return { ...asCount(patternIndex(textArgument(pattern, context), source, context.place), source), nullable: true };
  }),
  REPLACE: text(3, 3, replace),
  STUFF: text(4, 4, stuff),
  REPLICATE: text(2, 2, replicate),
  REVERSE: text(1, 1, reverse),
  SPACE: text(1, 1, ([count], context) => {
    const n = intArgument(count, context).sql;
    return {
      sql: `(CASE WHEN ${n} >= 0 THEN repeat(' ', least(${n}, 8000)) END)`,
      type: { name: 'varchar', length: 8000 },
      nullable: true,
    };
  }),
  LTRIM: text(1, 2, trim('ltrim')),
  RTRIM: text(1, 2, trim('rtrim')),
  TRIM: text(1, 2, trim('trim')),
  UPPER: text(1, 1, inCase('upper')),
  LOWER: text(1, 1, inCase('lower')),
  CONCAT: text(2, 254, concat),
  CONCAT_WS: text(3, 254, concatWith),
};
