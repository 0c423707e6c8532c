import { malformed, TdsReader, TdsWriter } from './bytes.ts';
import {
  doneTokens,
  orderToken,
  readDone,
  readOrder,
  returnStatusToken,
  writeDone,
  writeOrder,
  type Done,
  type Order,
  type ReturnStatus,
} from './token-done.ts';
import { envChangeToken, readEnvChange, writeEnvChange, type EnvChange } from './token-env-change.ts';
import {
  featureAckToken,
  loginAckToken,
  readFeatureAck,
  readLoginAck,
  writeFeatureAck,
  writeLoginAck,
  type FeatureAck,
  type LoginAck,
} from './token-login.ts';
import { federatedPlaceToken, readFederatedPlace, writeFederatedPlace, type FederatedPlace } from './federated-login.ts';
import { errorToken, infoToken, readMessage, writeMessage, type ServerMessage } from './token-message.ts';
import { readReturnValue, returnValueToken, writeReturnValue, type ReturnValue } from './token-return-value.ts';
import {
  columnsToken,
  compactRowToken,
  readColumns,
  readRow,
  rowToken,
  writeColumns,
  writeRow,
  type Column,
  type Columns,
  type Row,
} from './token-rows.ts';
import type { TdsVersion } from './version.ts';

/** What a server's answer is made of (MS-TDS 2.2.7). */
export type Token =
  | LoginAck
  | FeatureAck
  | FederatedPlace
  | EnvChange
  | ServerMessage
  | Done
  | Order
  | ReturnStatus
  | ReturnValue
  | Columns
  | Row;

const lastVersion: TdsVersion = '7.4';

/** The payload of an answer, or a part of one that has its columns with its rows. 8.0 is 7.4 after another handshake. */
export function encodeTokens(tokens: readonly Token[], version: TdsVersion = lastVersion): Uint8Array {
  const writer = new TdsWriter();
  let columns: readonly Column[] = [];
  for (const token of tokens) {
    if (token.kind === 'columns') columns = token.columns;
    writeToken(writer, token, { columns, version });
  }
  return writer.take();
}

/** What tokens are read and written by. */
interface Setting {
  readonly columns: readonly Column[];
  readonly version: TdsVersion;
}

function writeToken(writer: TdsWriter, token: Token, { columns, version }: Setting): void {
  switch (token.kind) {
    case 'login-ack':
      return writeLoginAck(writer.u8(loginAckToken), token);
    case 'feature-ack':
      return writeFeatureAck(writer.u8(featureAckToken), token);
    case 'federated-place':
      return writeFederatedPlace(writer.u8(federatedPlaceToken), token);
    case 'env-change':
      return writeEnvChange(writer.u8(envChangeToken), token);
    case 'error':
    case 'info':
      return writeMessage(writer.u8(token.kind === 'error' ? errorToken : infoToken), token, version);
    case 'done':
    case 'done-proc':
    case 'done-in-proc':
      return writeDone(writer.u8(doneTokens[token.kind]), token, version);
    case 'order':
      return writeOrder(writer.u8(orderToken), token);
    case 'return-status':
      return void writer.u8(returnStatusToken).i32(token.value);
    case 'return-value':
      return writeReturnValue(writer.u8(returnValueToken), token, version);
    case 'columns':
      return writeColumns(writer.u8(columnsToken), token, version);
    case 'row':
      return writeRow(writer.u8(token.compact ? compactRowToken : rowToken), token, columns);
  }
}

/**
 * The tokens of a whole answer. Faults: `MalformedMessage` (corrupt), for tokens that answers to our questions do not hold too;
 * `TdsNotSupported` (unsupported), for columns of types that are not read.
 */
export function decodeTokens(payload: Uint8Array, version: TdsVersion = lastVersion): readonly Token[] {
  const reader = new TdsReader(payload, 'the answer');
  const tokens: Token[] = [];
  let columns: readonly Column[] | undefined;
  while (reader.left > 0) {
    const token = readToken(reader, columns, version);
    if (token.kind === 'columns') columns = token.columns;
    tokens.push(token);
  }
  return tokens;
}

function readToken(reader: TdsReader, columns: readonly Column[] | undefined, version: TdsVersion): Token {
  const token = reader.u8();
  switch (token) {
    case loginAckToken:
      return readLoginAck(reader);
    case featureAckToken:
      return readFeatureAck(reader);
    case federatedPlaceToken:
      return readFederatedPlace(reader);
    case envChangeToken:
      return readEnvChange(reader);
    case errorToken:
      return readMessage(reader, 'error', version);
    case infoToken:
      return readMessage(reader, 'info', version);
    case doneTokens.done:
      return readDone(reader, 'done', version);
    case doneTokens['done-proc']:
      return readDone(reader, 'done-proc', version);
    case doneTokens['done-in-proc']:
      return readDone(reader, 'done-in-proc', version);
    case orderToken:
      return readOrder(reader);
    case returnStatusToken:
      return { kind: 'return-status', value: reader.i32() };
    case returnValueToken:
      return readReturnValue(reader, version);
    case columnsToken:
      return readColumns(reader, version);
    case rowToken:
    case compactRowToken:
      if (columns === undefined) throw malformed('a row before its columns');
      return readRow(reader, token === compactRowToken, columns);
    default:
      throw malformed(`a token ${token} that does not belong here`);
  }
}
