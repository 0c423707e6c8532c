import type { TdsReader, TdsWriter } from './bytes.ts';
import { readDescription, writeDescription } from './token-rows.ts';
import type { TdsType, TdsValue } from './types/tds-type.ts';
import { readValue, writeValue } from './types/type-info.ts';
import type { TdsVersion } from './version.ts';

/** RETURNVALUE: an output parameter of a procedure, or what a function answers (MS-TDS 2.2.7.19). */
export interface ReturnValue {
  readonly kind: 'return-value';
  /** Its place among the parameters, from 0. */
  readonly ordinal: number;
  /** With its `@`. */
  readonly name: string;
  readonly of: 'parameter' | 'function';
  readonly userType: number;
  readonly flags: number;
  readonly type: TdsType;
  readonly value: TdsValue;
}

export const returnValueToken = 0xac;
const ofParameter = 0x01;
const ofFunction = 0x02;

export function writeReturnValue(writer: TdsWriter, value: Omit<ReturnValue, 'kind'>, version: TdsVersion): void {
  writer
    .u16(value.ordinal)
    .shortText(value.name)
    .u8(value.of === 'function' ? ofFunction : ofParameter);
  writeDescription(writer, value, version);
  writeValue(writer, value.type, value.value);
}

export function readReturnValue(reader: TdsReader, version: TdsVersion): ReturnValue {
  const [ordinal, name, status] = [reader.u16(), reader.shortText(), reader.u8()];
  const description = readDescription(reader, version);
  const of = status === ofFunction ? 'function' : 'parameter';
  return { kind: 'return-value', ordinal, name, of, ...description, value: readValue(reader, description.type) };
}
