import type { TdsReader, TdsWriter } from '../bytes.ts';
import type { TdsVersion } from '../version.ts';
import type { TdsType, TdsValue } from './tds-type.ts';

/**
 * How types of one family travel: TYPE_INFO (MS-TDS 2.2.5.6), whose first byte is the token, and values behind it (2.2.5.5). Reading faults:
 * `MalformedMessage` (corrupt), `TdsNotSupported` (unsupported). Writing fault: `ValueNotOfType` (bug).
 */
export interface TypeFamily<T extends TdsType> {
  /** Those that it reads. */
  readonly tokens: readonly number[];
  /** What follows the token. */
  readInfo(reader: TdsReader, token: number, version: TdsVersion): T;
  /** The token too. */
  writeInfo(writer: TdsWriter, type: T): void;
  readValue(reader: TdsReader, type: T): TdsValue;
  writeValue(writer: TdsWriter, type: T, value: TdsValue): void;
}
