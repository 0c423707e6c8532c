import { assert } from '#base/fault.ts';
import type { TsqlType } from '../tsql-type.ts';
import { bigint, bit, datetime, int, type RowsetColumn, smallint, sysname, tinyint } from './rowset.ts';

const plain: Readonly<Record<string, TsqlType>> = {
  int,
  bigint,
  smallint,
  tinyint,
  bit,
  datetime,
  sysname,
  float: { name: 'float' },
  real: { name: 'real' },
  uniqueidentifier: { name: 'uniqueidentifier' },
};

/** Columns as text: `name sysname, object_id int, principal_id int?`; `?`: it may be null. Texts are `nvarchar60`, `char2`, `nvarcharmax`. */
export function columnsAs(text: string): readonly RowsetColumn[] {
  return text.split(',').map((column): RowsetColumn => {
    const [name = '', written = ''] = column.trim().split(/\s+/);
    const nullable = written.endsWith('?');
    return [name, typeOf(nullable ? written.slice(0, -1) : written), nullable];
  });
}

function typeOf(written: string): TsqlType {
  const known = plain[written];
  if (known) return known;
  const [, name, size] = /^(n?varchar|n?char|varbinary|binary)(\d+|max)$/.exec(written) ?? [];
  assert(name !== undefined && size !== undefined, `a column of a view has the type ${written}`);
  return { name: name as 'varchar', length: size === 'max' ? 'max' : Number(size) };
}
