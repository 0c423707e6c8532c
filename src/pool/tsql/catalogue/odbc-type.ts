import type { TsqlType } from '../tsql-type.ts';
import { factsOf, lengthOf } from './type-facts.ts';

/** What ODBC's catalogue functions say of a type. */
export interface OdbcType {
  readonly dataType: number;
  readonly precision: number;
  readonly length: number;
  readonly scale: number | undefined;
  readonly radix: number | undefined;
  readonly sqlDataType: number;
  readonly datetimeSub: number | undefined;
  /** Bytes of a text or binary value; undefined of others; 0: any number. */
  readonly octets: number | undefined;
  /** The number of SQL Server's own that old clients want, without and with null. */
  readonly serverType: readonly [notNull: number, nullable: number];
}

type Fixed = readonly [
  dataType: number,
  precision: number,
  length: number,
  scale: number | undefined,
  serverType: readonly [number, number],
];

const numbers: Readonly<Record<string, Fixed>> = {
  bit: [-7, 1, 1, undefined, [50, 50]],
  tinyint: [-6, 3, 1, 0, [48, 38]],
  smallint: [5, 5, 2, 0, [52, 38]],
  int: [4, 10, 4, 0, [56, 38]],
  bigint: [-5, 19, 8, 0, [63, 108]],
  money: [3, 19, 21, 4, [60, 110]],
  smallmoney: [3, 10, 12, 4, [122, 110]],
  float: [6, 15, 8, undefined, [62, 109]],
  real: [7, 7, 4, undefined, [59, 109]],
  uniqueidentifier: [-11, 36, 16, undefined, [37, 37]],
};
const texts: Readonly<Record<string, readonly [dataType: number, serverType: readonly [number, number]]>> = {
  char: [1, [47, 39]],
  varchar: [12, [39, 39]],
  nchar: [-8, [39, 39]],
  nvarchar: [-9, [39, 39]],
  binary: [-2, [45, 37]],
  varbinary: [-3, [37, 37]],
};
const times: Readonly<Record<string, readonly [dataType: number, length: number, sub: number, serverType: readonly [number, number]]>> = {
  date: [91, 6, 1, [0, 0]],
  time: [-154, 12, 0, [0, 0]],
  datetime: [93, 16, 3, [61, 111]],
  smalldatetime: [93, 16, 3, [58, 111]],
  datetime2: [93, 16, 3, [0, 0]],
  datetimeoffset: [-155, 20, 0, [0, 0]],
};
const datetime = 9;
const radixless = new Set(['bit', 'uniqueidentifier']);

/** `version`: of ODBC, which numbers times anew from 3 on. */
export function odbcType(type: TsqlType, version: number): OdbcType {
  const sizes = factsOf(type);
  const text = texts[type.name];
  if (text) {
    const length = lengthOf(type) ?? 0;
    const octets = length < 0 ? 0 : sizes.maxLength;
    const [dataType, serverType] = text;
    const same = { scale: undefined, radix: undefined, datetimeSub: undefined, octets, serverType };
    return { dataType, precision: Math.max(length, 0), length: octets, sqlDataType: dataType, ...same };
  }
  const time = times[type.name];
  if (time) {
    const [newest, length, sub, serverType] = time;
    const dataType = newest === 93 && version < 3 ? 11 : newest === 91 && version < 3 ? 9 : newest;
    return {
      dataType,
      precision: sizes.precision,
      length,
      scale: type.name === 'date' ? undefined : type.name === 'datetime' ? 3 : sizes.scale,
      radix: undefined,
      sqlDataType: sub === 0 ? newest : datetime,
      datetimeSub: sub === 0 ? undefined : sub,
      octets: undefined,
      serverType,
    };
  }
  const { precision } = sizes;
  const fixed: Fixed = numbers[type.name] ?? [3, precision, precision + 2, sizes.scale, [106, 106]];
  return {
    dataType: fixed[0],
    precision: fixed[1],
    length: fixed[2],
    scale: fixed[3],
    radix: radixless.has(type.name) ? undefined : 10,
    sqlDataType: fixed[0],
    datetimeSub: undefined,
    octets: undefined,
    serverType: fixed[4],
  };
}
