import { FieldReader, malformed } from './bytes.ts';

/**
 * What a server sends. PostgreSQL protocol 3; layouts: PostgreSQL documentation, "Message Formats" and "Error and Notice Message Fields".
 * Every parser takes one whole message with its 5-byte header. Fault: `corrupt`, and no other, whatever the bytes are.
 */

/** First bytes of the messages that this client understands. */
export const tag = {
  authentication: 0x52, // R
  backendKey: 0x4b, // K
  commandComplete: 0x43, // C
  copyBoth: 0x57, // W
  copyData: 0x64, // d
  copyDone: 0x63, // c
  copyIn: 0x47, // G
  copyOut: 0x48, // H
  dataRow: 0x44, // D
  emptyQuery: 0x49, // I
  error: 0x45, // E
  negotiateVersion: 0x76, // v
  notice: 0x4e, // N
  notification: 0x41, // A
  parameterStatus: 0x53, // S
  readyForQuery: 0x5a, // Z
  rowDescription: 0x54, // T
} as const;

/** Bytes before a message's fields: its tag and its length, which counts itself. */
export const headerBytes = 5;

export type Authentication =
  | { readonly kind: 'ok' }
  | { readonly kind: 'cleartext' }
  | { readonly kind: 'md5'; readonly salt: Uint8Array }
  | { readonly kind: 'sasl'; readonly mechanisms: readonly string[] }
  | { readonly kind: 'sasl-continue' | 'sasl-final'; readonly payload: Uint8Array }
  /** Kerberos, GSSAPI, SSPI and what is yet to come. */
  | { readonly kind: 'other'; readonly code: number };

/**
 * An ErrorResponse or NoticeResponse. Detail, hint, where and internal query are left out on purpose: they may hold row values or SQL.
 * `message` may, too, for some states: see the source's fault table.
 */
export interface ServerNotice {
  /** ERROR, FATAL, PANIC, WARNING …, not translated. */
  readonly severity: string;
  /** Five characters. */
  readonly sqlstate: string;
  readonly message: string;
  readonly schema: string | undefined;
  readonly table: string | undefined;
  readonly constraint: string | undefined;
  /** The function in the server's source that raised it; not translated. */
  readonly routine: string | undefined;
}

export interface ResultColumn {
  readonly name: string;
  /** 0 where the column is not a table's. */
  readonly tableOid: number;
  readonly typeOid: number;
  readonly typeModifier: number;
}

function open(frame: Uint8Array, what: string): FieldReader {
  return new FieldReader(frame, { start: headerBytes, end: frame.length }, what);
}

/** "AuthenticationOk" and its siblings. */
export function parseAuthentication(frame: Uint8Array): Authentication {
  const fields = open(frame, 'Authentication');
  const code = fields.i32();
  switch (code) {
    case 0:
      return { kind: 'ok' };
    case 3:
      return { kind: 'cleartext' };
    case 5:
      return { kind: 'md5', salt: fields.bytes(4) };
    case 10: {
      const mechanisms: string[] = [];
      for (let name = fields.cstring(); name !== ''; name = fields.cstring()) mechanisms.push(name);
      return { kind: 'sasl', mechanisms };
    }
    case 11:
      return { kind: 'sasl-continue', payload: fields.bytes(fields.left) };
    case 12:
      return { kind: 'sasl-final', payload: fields.bytes(fields.left) };
    default:
      return { kind: 'other', code };
  }
}

/** "BackendKeyData": what a CancelRequest must carry. */
export function parseBackendKey(frame: Uint8Array): { readonly processId: number; readonly secret: Uint8Array } {
  const fields = open(frame, 'BackendKeyData');
  const processId = fields.i32();
  if (fields.left < 4 || fields.left > 256) throw malformed('BackendKeyData has a key of a wrong length');
  return { processId, secret: fields.copy(fields.left) };
}

/** "ParameterStatus". */
export function parseParameterStatus(frame: Uint8Array): { readonly name: string; readonly value: string } {
  const fields = open(frame, 'ParameterStatus');
  const name = fields.cstring();
  const value = fields.cstring();
  fields.done();
  return { name, value };
}

/** "ReadyForQuery": outside of a transaction, in one, in a failed one. */
export function parseReadyForQuery(frame: Uint8Array): 'idle' | 'transaction' | 'failed' {
  const fields = open(frame, 'ReadyForQuery');
  const state = fields.u8();
  fields.done();
  switch (state) {
    case 0x49:
      return 'idle';
    case 0x54:
      return 'transaction';
    case 0x45:
      return 'failed';
    default:
      throw malformed('ReadyForQuery with an unknown state');
  }
}

/** "ErrorResponse" and "NoticeResponse". Fields of unknown kinds are ignored, as the document asks. */
export function parseNotice(frame: Uint8Array): ServerNotice {
  const fields = open(frame, 'ErrorResponse');
  const found = new Map<string, string>();
  for (let kind = fields.u8(); kind !== 0; kind = fields.u8()) found.set(String.fromCharCode(kind), fields.cstring());
  return {
    severity: found.get('V') ?? found.get('S') ?? 'ERROR',
    sqlstate: found.get('C') ?? 'XX000',
    message: found.get('M') ?? '',
    schema: found.get('s'),
    table: found.get('t'),
    constraint: found.get('n'),
    routine: found.get('R'),
  };
}

/** "RowDescription". */
export function parseRowDescription(frame: Uint8Array): readonly ResultColumn[] {
  const fields = open(frame, 'RowDescription');
  const count = fields.u16();
  const columns: ResultColumn[] = [];
  for (let i = 0; i < count; i++) {
    const name = fields.cstring();
    const tableOid = fields.u32();
    fields.i16();
    const typeOid = fields.u32();
    fields.i16();
    const typeModifier = fields.i32();
    fields.i16();
    columns.push({ name, tableOid, typeOid, typeModifier });
  }
  fields.done();
  return columns;
}

/** "DataRow" of the simple protocol: values as text, null for SQL's null. For small results. */
export function parseRow(frame: Uint8Array): readonly (string | null)[] {
  const fields = open(frame, 'DataRow');
  const count = fields.u16();
  const values: (string | null)[] = [];
  for (let i = 0; i < count; i++) {
    const length = fields.i32();
    if (length < -1) throw malformed('DataRow has a value of negative length');
    values.push(length === -1 ? null : fields.text(length));
  }
  fields.done();
  return values;
}
