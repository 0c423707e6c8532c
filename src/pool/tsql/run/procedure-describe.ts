import { type Rowset } from '../catalogue/rowset.ts';
import { collation, factsOf, lengthOf } from '../catalogue/type-facts.ts';
import { columnsAs } from '../catalogue/view-columns.ts';
import { planStatement } from '../query/statement.ts';
import type { ResultColumn, SqlParameter, SqlValue } from '../session.ts';
import { type TsqlType, tsqlTypeText } from '../tsql-type.ts';
import { type Called, type Calling, textParameter, wentWell } from './calling.ts';
import { innerFrame } from './frame.ts';
import { parsed } from './parsed.ts';
import { planContext } from './plan-context.ts';
import { declaredParameters } from './procedure-execute-sql.ts';
import { sendRowset } from './send-rowset.ts';

const firstColumns = columnsAs(
  'is_hidden bit, column_ordinal int, name sysname?, is_nullable bit, system_type_id int, system_type_name nvarchar256?, max_length smallint, precision tinyint, scale tinyint, collation_name sysname?, user_type_id int?, user_type_database sysname?, user_type_schema sysname?, user_type_name sysname?, assembly_qualified_type_name nvarchar4000?, xml_collection_id int?, xml_collection_database sysname?, xml_collection_schema sysname?, xml_collection_name sysname?, is_xml_document bit, is_case_sensitive bit, is_fixed_length_clr_type bit, source_server sysname?, source_database sysname?, source_schema sysname?, source_table sysname?, source_column sysname?, is_identity_column bit?, is_part_of_unique_key bit?, is_updateable bit?, is_computed_column bit?, is_sparse_column_set bit?, ordinal_in_order_by_list smallint?, order_by_list_length smallint?, order_by_is_descending smallint?, tds_type_id int, tds_length int, tds_collation_id int?, tds_collation_sort_id tinyint?',
);

/** `sp_describe_first_result_set @tsql, @params`: the columns of the first query, without running anything. No query: no rows. */
export async function describeFirstResult(calling: Calling, parameters: readonly SqlParameter[]): Promise<Called> {
  const { core, frame } = calling;
  const statements = parsed(textParameter(parameters, 0, 'tsql') ?? '', core);
  const inner = innerFrame(frame, undefined);
  for (const { name, type } of declaredParameters(textParameter(parameters, 1, 'params') ?? ''))
    inner.variables.set(name.toLowerCase(), { name, type, value: null });
  const query = statements.find(({ kind }) => kind === 'query');
  await sendRowset(calling, () => {
    const plan = query?.kind === 'query' ? planStatement(query, planContext(core, inner)) : undefined;
    const result = plan?.steps.find(({ kind }) => kind === 'result');
    return firstRowset(result?.kind === 'result' ? result.columns : []);
  });
  return wentWell;
}

function firstRowset(columns: readonly ResultColumn[]): Rowset {
  const rows = columns.map(({ name, type, nullable }, place): readonly SqlValue[] => {
    const facts = factsOf(type);
    const known = new Map<string, SqlValue>([
      ['column_ordinal', BigInt(place + 1)],
      ['name', name === '' ? null : name],
      ['is_nullable', nullable],
      ['system_type_id', BigInt(facts.systemId)],
      ['system_type_name', tsqlTypeText(type)],
      ['max_length', BigInt(facts.maxLength)],
      ['precision', BigInt(facts.precision)],
      ['scale', BigInt(facts.scale)],
      ['collation_name', facts.collated ? collation : null],
      ['is_updateable', false],
      ['tds_type_id', BigInt(tdsType(type))],
      ['tds_length', BigInt(lengthOf(type) === -1 ? 65_535 : facts.maxLength)],
      ['tds_collation_id', facts.collated ? 13_632_521n : null],
      ['tds_collation_sort_id', facts.collated ? 52n : null],
    ]);
    return firstColumns.map(([column, own, isNullable]) =>
      known.has(column) ? known.get(column)! : own.name === 'bit' && isNullable !== true ? false : null,
    );
  });
  return { columns: firstColumns, rows };
}

/** As TDS numbers types that may be null. */
function tdsType({ name }: TsqlType): number {
  const numbers: Readonly<Record<TsqlType['name'], number>> = {
    bit: 104,
    tinyint: 38,
    smallint: 38,
    int: 38,
    bigint: 38,
    decimal: 106,
    money: 110,
    smallmoney: 110,
    real: 109,
    float: 109,
    date: 40,
    time: 41,
    datetime2: 42,
    datetimeoffset: 43,
    datetime: 111,
    smalldatetime: 111,
    uniqueidentifier: 36,
    char: 175,
    varchar: 167,
    nchar: 239,
    nvarchar: 231,
    binary: 173,
    varbinary: 165,
  };
  return numbers[name];
}

/** `sp_describe_undeclared_parameters @tsql, @params`: each may be sent as text, which becomes what it meets. */
export async function describeUndeclared(calling: Calling, parameters: readonly SqlParameter[]): Promise<Called> {
  const { core } = calling;
  const declared = new Set(declaredParameters(textParameter(parameters, 1, 'params') ?? '').map(({ name }) => name.toLowerCase()));
  const names = new Map<string, string>();
  collectVariables(parsed(textParameter(parameters, 0, 'tsql') ?? '', core), declared, names);
  await sendRowset(calling, () => ({
    columns: columnsAs(
      'parameter_ordinal int, name sysname, suggested_system_type_id int, suggested_system_type_name nvarchar256?, suggested_max_length smallint, suggested_precision tinyint, suggested_scale tinyint, suggested_user_type_id int?, suggested_user_type_database sysname?, suggested_user_type_schema sysname?, suggested_user_type_name sysname?, suggested_assembly_qualified_type_name nvarchar4000?, suggested_xml_collection_id int?, suggested_xml_collection_database sysname?, suggested_xml_collection_schema sysname?, suggested_xml_collection_name sysname?, suggested_is_xml_document bit, suggested_is_case_sensitive bit, suggested_is_fixed_length_clr_type bit, suggested_is_input bit, suggested_is_output bit, formal_parameter_name sysname?, suggested_tds_type_id int, suggested_tds_length int',
    ),
    rows: [...names.values()].map((name, place) => [
      BigInt(place + 1),
      name,
      231n,
      'nvarchar(4000)',
      8000n,
      0n,
      0n,
      ...Array.from({ length: 9 }, () => null),
      false,
      false,
      false,
      true,
      false,
      null,
      231n,
      8000n,
    ]),
  }));
  return wentWell;
}

function collectVariables(node: unknown, declared: Set<string>, names: Map<string, string>): void {
  if (Array.isArray(node)) {
    for (const one of node) collectVariables(one, declared, names);
    return;
  }
  if (typeof node !== 'object' || node === null) return;
  const { kind, name, variables } = node as { readonly kind?: unknown; readonly name?: unknown; readonly variables?: unknown };
  if (kind === 'declare' && Array.isArray(variables))
    for (const variable of variables as { readonly name: string }[]) declared.add(variable.name.toLowerCase());
  if (kind === 'variable' && typeof name === 'string' && !declared.has(name.toLowerCase()) && !names.has(name.toLowerCase()))
    names.set(name.toLowerCase(), name);
  collectVariables(Object.values(node), declared, names);
}
