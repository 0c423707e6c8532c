import type { Condition, Expression, ObjectName, Place } from './ast.ts';
import { name, nameList, objectName, typeName } from './names.ts';
import { queryAfter, withTables } from './query.ts';
import type { Reader } from './reader.ts';
import type { ColumnDefinition, Statement, TableConstraint, TableOption } from './statement.ts';

interface Columns {
  readonly columns: readonly ColumnDefinition[];
  readonly constraints: readonly TableConstraint[];
}

/** `CREATE TABLE t (…)`, and Synapse's `CREATE TABLE t WITH (…) AS SELECT …`. */
export function createTable(p: Reader, place: Place): Statement {
  const table = objectName(p);
  if (p.is('AS') && !p.is('SELECT', 1)) throw p.refuse(`CREATE TABLE … AS ${p.peek(1).upper}`, place);
  const namesOnly = p.is('(') && (p.is(',', 2) || p.is(')', 2));
  if (!p.is('(') || namesOnly) {
    const columns = namesOnly ? nameList(p) : undefined;
    const options = tableOptions(p);
    p.expect('AS');
    const from = p.place();
    const nested = p.is('SELECT') || p.is('WITH') || p.is('(');
    if (!nested) throw p.unexpected();
    return { ...place, kind: 'create-table-as', table, columns, options, query: queryAfter(p, from, withTables(p)) };
  }
  const found = columnOrConstraints(p);
  const options = [...tableOptions(p), ...places(p)];
  return { ...place, kind: 'create-table', table, ...found, options: [...options, ...tableOptions(p)] };
}

/** `ON [PRIMARY]`, `TEXTIMAGE_ON [PRIMARY]`: where SQL Server is to put it. */
function places(p: Reader): TableOption[] {
  const found: TableOption[] = [];
  while (p.is('ON') || p.is('TEXTIMAGE_ON') || p.is('FILESTREAM_ON')) {
    const place = p.place();
    const option = p.advance().upper;
    const value = name(p);
    found.push({ ...place, name: option, value, columns: p.is('(') ? nameList(p) : [] });
  }
  return found;
}

/** Columns and constraints in parentheses, as also table variables have them. */
export function columnOrConstraints(p: Reader): Columns {
  const columns: ColumnDefinition[] = [];
  const constraints: TableConstraint[] = [];
  p.expect('(');
  do {
    // A comma may stand after the last one.
    if (p.is(')') && columns.length > 0) break;
    element(p, columns, constraints);
  } while (p.accept(','));
  p.expect(')');
  return { columns, constraints };
}

const constraintWords: ReadonlySet<string> = new Set(['CONSTRAINT', 'PRIMARY', 'UNIQUE', 'CHECK', 'FOREIGN', 'DEFAULT']);

/** A column, a constraint, or an index, which changes nothing that can be seen. */
export function element(p: Reader, columns: ColumnDefinition[], constraints: TableConstraint[]): void {
  if (p.isAny(constraintWords)) constraints.push(tableConstraint(p));
  else if (p.is('INDEX')) inlineIndex(p);
  else if (p.are('PERIOD', 'FOR')) throw p.unsupported('PERIOD FOR SYSTEM_TIME');
  else columns.push(columnDefinition(p));
}

function inlineIndex(p: Reader): void {
  p.expect('INDEX');
  name(p);
  if (p.is('UNIQUE')) throw p.unsupported('A unique INDEX within a table', undefined, 'Write a UNIQUE constraint.');
  if (!p.accept('CLUSTERED')) p.accept('NONCLUSTERED');
  p.accept('COLUMNSTORE');
  if (p.is('(')) p.enclosed(keyColumn);
  if (p.accept('INCLUDE')) nameList(p);
  skipIndexOptions(p);
}

export function keyColumn(p: Reader): { name: string; descending: boolean } {
  const column = name(p);
  const descending = p.accept('DESC');
  if (!descending) p.accept('ASC');
  return { name: column, descending };
}

function skipIndexOptions(p: Reader): void {
  if (p.is('WITH') && p.is('(', 1)) {
    p.advance();
    p.skipEnclosed();
  }
  if (p.accept('ON')) {
    name(p);
    if (p.is('(')) nameList(p);
  }
}

/** What may be said of a column after its type, as it is gathered. */
interface Gathered {
  nullable: boolean | undefined;
  default: Expression | undefined;
  identity: ColumnDefinition['identity'];
  collation: string | undefined;
  primaryKey: boolean;
  unique: boolean;
  check: Condition | undefined;
  references: ObjectName | undefined;
}

function columnDefinition(p: Reader): ColumnDefinition {
  const place = p.place();
  const named = name(p);
  const gathered: Gathered = {
    nullable: undefined,
    default: undefined,
    identity: undefined,
    collation: undefined,
    primaryKey: false,
    unique: false,
    check: undefined,
    references: undefined,
  };
  if (p.accept('AS')) {
    const computed = p.expression();
    if (p.accept('PERSISTED') && p.accept('NOT')) p.expect('NULL');
    return { ...place, name: named, type: { ...place, parts: [], arguments: [] }, ...gathered, computed };
  }
  const type = typeName(p);
  while (attribute(p, gathered));
  return { ...place, name: named, type, ...gathered, computed: undefined };
}

const refusedAttributes: ReadonlySet<string> = new Set(['GENERATED', 'MASKED', 'ENCRYPTED', 'FILESTREAM', 'HIDDEN']);

function attribute(p: Reader, found: Gathered): boolean {
  if (p.accept('CONSTRAINT')) name(p);
  if (p.isAny(refusedAttributes)) throw p.unsupported(`${p.peek().upper} of a column`);
  if (p.accept('NOT')) {
    if (p.accept('FOR', 'REPLICATION')) return true;
    p.expect('NULL');
    found.nullable = false;
  } else if (p.accept('NULL')) found.nullable = true;
  else if (p.accept('DEFAULT')) {
    found.default = p.expression();
    p.accept('WITH', 'VALUES');
  } else if (p.accept('IDENTITY')) found.identity = identity(p);
  else if (p.accept('COLLATE')) found.collation = name(p);
  else if (p.is('PRIMARY')) {
    keyWords(p, 'PRIMARY', 'KEY');
    found.primaryKey = true;
  } else if (p.is('UNIQUE')) {
    keyWords(p, 'UNIQUE');
    found.unique = true;
  } else if (p.accept('CHECK')) found.check = check(p);
  else if (p.is('FOREIGN') || p.is('REFERENCES')) {
    p.accept('FOREIGN', 'KEY');
    found.references = references(p).table;
  } else if (p.is('INDEX')) inlineIndex(p);
  else return p.accept('ROWGUIDCOL') || p.accept('SPARSE') || p.accept('PERSISTED');
  return true;
}

function identity(p: Reader): ColumnDefinition['identity'] {
  if (!p.accept('(')) return { seed: '1', increment: '1' };
  const seed = signedInteger(p);
  p.expect(',');
  const increment = signedInteger(p);
  p.expect(')');
  return { seed, increment };
}

function signedInteger(p: Reader): string {
  const sign = p.accept('-') ? '-' : '';
  if (sign === '') p.accept('+');
  const token = p.peek();
  if (token.kind !== 'integer') throw p.unexpected();
  p.advance();
  return `${sign}${token.text}`;
}

function check(p: Reader): Condition {
  p.accept('NOT', 'FOR', 'REPLICATION');
  p.expect('(');
  const condition = p.condition();
  p.expect(')');
  return condition;
}

/** `PRIMARY KEY NONCLUSTERED (a) NOT ENFORCED WITH (…)`, with its columns where they stand. */
function keyWords(p: Reader, ...words: readonly string[]): { columns: readonly string[]; options: readonly string[] } {
  p.expect(...words);
  const options: string[] = [];
  if (p.is('CLUSTERED') || p.is('NONCLUSTERED')) options.push(p.advance().upper);
  p.accept('HASH');
  const columns = p.is('(') ? p.enclosed(keyColumn).map((key) => key.name) : [];
  if (p.accept('NOT', 'ENFORCED')) options.push('NOT ENFORCED');
  else if (p.accept('ENFORCED')) options.push('ENFORCED');
  skipIndexOptions(p);
  return { columns, options };
}

function references(p: Reader): { table: ObjectName; options: readonly string[] } {
  p.expect('REFERENCES');
  const table = objectName(p);
  if (p.is('(')) nameList(p);
  const options: string[] = [];
  while (p.is('ON') && (p.is('DELETE', 1) || p.is('UPDATE', 1))) {
    p.advance();
    const event = p.advance().upper;
    if (!p.accept('NO', 'ACTION')) throw p.unsupported(`ON ${event} other than NO ACTION`);
  }
  if (p.accept('NOT', 'FOR', 'REPLICATION')) options.push('NOT FOR REPLICATION');
  if (p.accept('NOT', 'ENFORCED')) options.push('NOT ENFORCED');
  return { table, options };
}

function tableConstraint(p: Reader): TableConstraint {
  const place = p.place();
  const named = p.accept('CONSTRAINT') ? name(p) : undefined;
  const none = { columns: [], check: undefined, default: undefined, references: undefined, options: [] };
  if (p.is('PRIMARY')) return { ...place, name: named, ...none, kind: 'primary-key', ...keyWords(p, 'PRIMARY', 'KEY') };
  if (p.is('UNIQUE')) return { ...place, name: named, ...none, kind: 'unique', ...keyWords(p, 'UNIQUE') };
  if (p.accept('CHECK')) return { ...place, name: named, ...none, kind: 'check', check: check(p) };
  if (p.accept('DEFAULT')) {
    const value = p.expression();
    p.expect('FOR');
    const column = name(p);
    p.accept('WITH', 'VALUES');
    return { ...place, name: named, ...none, kind: 'default', default: value, columns: [column] };
  }
  p.expect('FOREIGN', 'KEY');
  const columns = nameList(p);
  const { table, options } = references(p);
  return { ...place, name: named, ...none, kind: 'foreign-key', columns, references: table, options };
}

/** Synapse's `WITH (DISTRIBUTION = HASH(a), CLUSTERED COLUMNSTORE INDEX)`; empty where there is none. */
function tableOptions(p: Reader): TableOption[] {
  return p.is('WITH') && p.is('(', 1) && p.accept('WITH') ? p.enclosed(tableOption) : [];
}

function tableOption(p: Reader): TableOption {
  const place = p.place();
  const words: string[] = [];
  while (p.peek().kind === 'word' && !(p.is('ORDER') && words.length > 0)) words.push(p.advance().upper);
  if (words.length === 0) throw p.unexpected();
  const named = words.join(' ');
  if (p.accept('ORDER')) return { ...place, name: named, value: 'ORDER', columns: optionColumns(p) };
  if (p.accept('=')) {
    const token = p.peek();
    if (token.kind === 'symbol' || token.kind === 'end') throw p.unexpected();
    p.advance();
    return { ...place, name: named, value: token.upper || token.text, columns: p.is('(') ? optionColumns(p) : [] };
  }
  if (!p.is('(')) return { ...place, name: named, value: undefined, columns: [] };
  if (named !== 'PARTITION') return { ...place, name: named, value: undefined, columns: optionColumns(p) };
  p.expect('(');
  const column = name(p);
  const value = p.words();
  p.expect(')');
  return { ...place, name: named, value, columns: [column] };
}

function optionColumns(p: Reader): string[] {
  return p.enclosed(keyColumn).map((key) => key.name);
}
