import { malformed, TdsReader, TdsWriter } from './bytes.ts';
import { readHeaders, writeHeaders } from './request-headers.ts';
import { notSupported, type TdsType, type TdsValue } from './types/tds-type.ts';
import { readType, readValue, writeType, writeValue } from './types/type-info.ts';
import type { TdsVersion } from './version.ts';

/** Procedures to run, one after the other (MS-TDS 2.2.6.6). */
export interface RpcRequest {
  /** The transaction it runs in; 0: none of the client's, as always before TDS 7.2. */
  readonly transaction: bigint;
  readonly calls: readonly RpcCall[];
}

export interface RpcCall {
  /** `sp_executesql`, `dbo.[p 1]`: as the client writes it, or the name of the number that it says. */
  readonly procedure: string;
  /** Said by number: see `procedureNumbers`. */
  readonly byNumber: boolean;
  /** Bits: 1 compiles it anew, 2 and 4 ask for rows without COLMETADATA where the client knows it, which may be sent all the same. */
  readonly options: number;
  readonly parameters: readonly RpcParameter[];
  /** The client takes back that it asked for this one: it is not run. */
  readonly isTakenBack: boolean;
}

export interface RpcParameter {
  /** With its `@`; empty where it is given by its place. */
  readonly name: string;
  readonly type: TdsType;
  readonly value: TdsValue;
  readonly output: boolean;
  /** The procedure's own default is asked for, in place of `value`. */
  readonly isDefault: boolean;
}

const procedureNumbers: Readonly<Record<string, number>> = {
  sp_cursor: 1,
  sp_cursoropen: 2,
  sp_cursorprepare: 3,
  sp_cursorexecute: 4,
  sp_cursorprepexec: 5,
  sp_cursorunprepare: 6,
  sp_cursorfetch: 7,
  sp_cursoroption: 8,
  sp_cursorclose: 9,
  sp_executesql: 10,
  sp_prepare: 11,
  sp_execute: 12,
  sp_prepexec: 13,
  sp_prepexecrpc: 14,
  sp_unprepare: 15,
};
const procedureOf = new Map(Object.entries(procedureNumbers).map(([name, number]) => [number, name] as const));
const byNumber = 0xffff;
const status = { output: 0x01, isDefault: 0x02, encrypted: 0x08 } as const;
const takenBack = 0xfe;

/** As SQL Server has it. */
const mostParameters = 2_100;
/** What is made of each has many times its bytes. */
const mostCalls = 65_536;

/** Between two calls. Parameters' names are at most 128 long, so that it is none of theirs. */
function separator(version: TdsVersion): number {
  return version < '7.2' ? 0x80 : 0xff;
}

/** The payload of an RPC message. */
export function encodeRpc({ transaction, calls }: RpcRequest, version: TdsVersion = '7.4'): Uint8Array {
  const writer = writeHeaders(new TdsWriter(), transaction, version);
  calls.forEach((call, index) => {
    const number = call.byNumber ? procedureNumbers[call.procedure] : undefined;
    if (number === undefined) writer.longText(call.procedure);
    else writer.u16(byNumber).u16(number);
    writer.u16(call.options);
    for (const parameter of call.parameters) writeParameter(writer, parameter);
    if (call.isTakenBack) writer.u8(takenBack);
    else if (index < calls.length - 1) writer.u8(separator(version));
  });
  return writer.take();
}

function writeParameter(writer: TdsWriter, { name, type, value, output, isDefault }: RpcParameter): void {
  writer.shortText(name).u8((output ? status.output : 0) | (isDefault ? status.isDefault : 0));
  writeType(writer, type);
  writeValue(writer, type, value);
}

/**
 * Faults: `MalformedMessage` (corrupt); `TdsNotSupported` (unsupported), for parameters that are tables, of the CLR or encrypted: the request can be
 * answered with it.
 */
export function decodeRpc(payload: Uint8Array, version: TdsVersion = '7.4'): RpcRequest {
  const reader = new TdsReader(payload, 'RPC');
  const transaction = readHeaders(reader, 'RPC', version);
  const calls: RpcCall[] = [];
  while (reader.left > 0) {
    if (calls.length >= mostCalls) throw notSupported(`An RPC of more than ${mostCalls} procedures`, 'Send fewer at a time.');
    calls.push(readCall(reader, version));
  }
  if (calls.length === 0) throw malformed('RPC of no procedure');
  return { transaction, calls };
}

function readCall(reader: TdsReader, version: TdsVersion): RpcCall {
  const length = reader.u16();
  const isNumber = length === byNumber;
  const procedure = isNumber ? procedureOf.get(reader.u16()) : reader.text(length);
  if (procedure === undefined) throw malformed('RPC of a procedure by a number that none has');
  const options = reader.u16();
  const parameters: RpcParameter[] = [];
  for (;;) {
    const next = reader.peek();
    const isTakenBack = next === takenBack && version >= '7.2';
    if (next === undefined || isTakenBack || next === separator(version)) {
      if (next !== undefined) reader.u8();
      return { procedure, byNumber: isNumber, options, parameters, isTakenBack };
    }
    if (parameters.length >= mostParameters)
      throw notSupported(
        `A call with more than ${mostParameters} parameters`,
        'Send the values in a #temporary table, or in several calls.',
      );
    parameters.push(readParameter(reader, version));
  }
}

function readParameter(reader: TdsReader, version: TdsVersion): RpcParameter {
  const [name, flags] = [reader.shortText(), reader.u8()];
  if ((flags & status.encrypted) !== 0)
    throw notSupported(
      'A parameter that the client encrypts (Always Encrypted)',
      'Turn off the column encryption setting of the connection.',
    );
  const type = readType(reader, version);
  const value = readValue(reader, type);
  return { name, type, value, output: (flags & status.output) !== 0, isDefault: (flags & status.isDefault) !== 0 };
}
