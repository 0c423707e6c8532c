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
import { errorToken, infoToken, readMessage, writeMessage, type ServerMessage } from './token-message.ts';
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

/** What a server's answer is made of (MS-TDS 2.2.7), as from TDS 7.2 on. */
export type Token = LoginAck | FeatureAck | EnvChange | ServerMessage | Done | Order | ReturnStatus | Columns | Row;

/** The payload of an answer. Rows need the columns before them. */
export function encodeTokens(tokens: readonly Token[]): Uint8Array {
  const writer = new TdsWriter();
  let columns: readonly Column[] = [];
  for (const token of tokens) {
    if (token.kind === 'columns') columns = token.columns;
    writeToken(writer, token, columns);
  }
  return writer.take();
}

function writeToken(writer: TdsWriter, token: Token, columns: readonly Column[]): void {
  switch (token.kind) {
    case 'login-ack':
      return writeLoginAck(writer.u8(loginAckToken), token);
    case 'feature-ack':
      return writeFeatureAck(writer.u8(featureAckToken), token);
    case 'env-change':
      return writeEnvChange(writer.u8(envChangeToken), token);
    case 'error':
    case 'info':
      return writeMessage(writer.u8(token.kind === 'error' ? errorToken : infoToken), token);
    case 'done':
    case 'done-proc':
    case 'done-in-proc':
      return writeDone(writer.u8(doneTokens[token.kind]), token);
    case 'order':
      return writeOrder(writer.u8(orderToken), token);
    case 'return-status':
      return void writer.u8(returnStatusToken).i32(token.value);
    case 'columns':
      return writeColumns(writer.u8(columnsToken), token);
    case 'row':
      return writeRow(writer.u8(token.compact ? compactRowToken : rowToken), token, columns);
  }
}

/** The tokens of a whole answer. Fault: `MalformedMessage` (corrupt), for tokens that answers to our questions do not hold too. */
export function decodeTokens(payload: Uint8Array): readonly Token[] {
  const reader = new TdsReader(payload, 'the answer');
  const tokens: Token[] = [];
  let columns: readonly Column[] | undefined;
  while (reader.left > 0) {
    const token = readToken(reader, columns);
    if (token.kind === 'columns') columns = token.columns;
    tokens.push(token);
  }
  return tokens;
}

function readToken(reader: TdsReader, columns: readonly Column[] | undefined): Token {
  const token = reader.u8();
  switch (token) {
    case loginAckToken:
      return readLoginAck(reader);
    case featureAckToken:
      return readFeatureAck(reader);
    case envChangeToken:
      return readEnvChange(reader);
    case errorToken:
      return readMessage(reader, 'error');
    case infoToken:
      return readMessage(reader, 'info');
    case doneTokens.done:
      return readDone(reader, 'done');
    case doneTokens['done-proc']:
      return readDone(reader, 'done-proc');
    case doneTokens['done-in-proc']:
      return readDone(reader, 'done-in-proc');
    case orderToken:
      return readOrder(reader);
    case returnStatusToken:
      return { kind: 'return-status', value: reader.i32() };
    case columnsToken:
      return readColumns(reader);
    case rowToken:
    case compactRowToken:
      if (columns === undefined) throw malformed('a row before its columns');
      return readRow(reader, token === compactRowToken, columns);
    default:
      throw malformed(`a token ${token} that does not belong here`);
  }
}
