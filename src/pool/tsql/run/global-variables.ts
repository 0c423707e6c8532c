import type { Typed } from '../translate/typed.ts';
import type { TsqlType } from '../tsql-type.ts';
import { versionText } from './product.ts';
import type { SessionCore } from './session-core.ts';
import { optionMask } from './set-options.ts';
import { literalOf } from './values.ts';
import type { SqlValue } from '../session.ts';

type Global = readonly [type: TsqlType, value: (core: SessionCore) => SqlValue];

const int: TsqlType = { name: 'int' };
const name = (length: number): TsqlType => ({ name: 'nvarchar', length });
const zero: Global = [int, () => 0n];

const globals: Readonly<Record<string, Global>> = {
  '@@ROWCOUNT': [int, (core) => core.rowCount],
  '@@ERROR': [int, (core) => BigInt(core.error)],
  '@@TRANCOUNT': [int, (core) => BigInt(core.transaction.count)],
  '@@SPID': [{ name: 'smallint' }, (core) => BigInt(core.client.number)],
  '@@VERSION': [name(300), () => versionText],
  '@@SERVERNAME': [name(128), (core) => core.pool.options.serverName],
  '@@SERVICENAME': [name(128), () => 'MSSQLSERVER'],
  '@@LANGUAGE': [name(128), (core) => core.options.language],
  '@@LANGID': [{ name: 'smallint' }, () => 0n],
  '@@DATEFIRST': [{ name: 'tinyint' }, (core) => BigInt(core.options.dateFirst)],
  '@@OPTIONS': [int, (core) => BigInt(optionMask(core.options))],
  '@@TEXTSIZE': [int, (core) => core.options.textSize],
  '@@LOCK_TIMEOUT': [int, (core) => core.options.lockTimeout],
  '@@NESTLEVEL': zero,
  '@@FETCH_STATUS': zero,
  '@@CURSOR_ROWS': zero,
  '@@PROCID': zero,
  '@@IDENTITY': [{ name: 'decimal', precision: 38, scale: 0 }, (core) => core.identity ?? null],
  '@@MAX_PRECISION': [{ name: 'tinyint' }, () => 38n],
  '@@MAX_CONNECTIONS': [int, () => 32_767n],
  '@@MICROSOFTVERSION': [int, () => 0x0c_00_07_d0n],
  '@@DBTS': [{ name: 'varbinary', length: 8 }, () => new Uint8Array(8)],
  '@@CONNECTIONS': [int, (core) => BigInt(core.pool.sessions.length)],
  '@@CPU_BUSY': zero,
  '@@IDLE': zero,
  '@@IO_BUSY': zero,
  '@@PACK_RECEIVED': zero,
  '@@PACK_SENT': zero,
  '@@PACKET_ERRORS': zero,
  '@@TIMETICKS': [int, () => 31_250n],
  '@@TOTAL_ERRORS': zero,
  '@@TOTAL_READ': zero,
  '@@TOTAL_WRITE': zero,
};

/** `@@ROWCOUNT` and its like; undefined: there is none of that name. */
export function globalVariable(core: SessionCore, written: string): Typed | undefined {
  const global = globals[written.toUpperCase()];
  if (!global) return undefined;
  const [type, value] = global;
  const now = value(core);
  return { sql: literalOf(now, type), type, nullable: now === null };
}
