import type { TdsReader, TdsWriter } from './bytes.ts';
import type { TdsVersion } from './version.ts';

/** ERROR and INFO: what the server has to say (MS-TDS 2.2.7.10, 2.2.7.13). */
export interface ServerMessage {
  readonly kind: 'error' | 'info';
  /** `18456`, as in sys.messages. */
  readonly number: number;
  readonly state: number;
  /** Severity; from 20 on the connection ends. */
  readonly severity: number;
  readonly text: string;
  readonly server: string;
  readonly procedure: string;
  readonly line: number;
}

export const errorToken = 0xaa;
export const infoToken = 0xab;

/** Lines have four bytes from TDS 7.2 on, and two before. */
export function writeMessage(writer: TdsWriter, message: Omit<ServerMessage, 'kind'>, version: TdsVersion): void {
  writer.counted((inner) => {
    inner
      .i32(message.number)
      .u8(message.state)
      .u8(message.severity)
      .longText(message.text)
      .shortText(message.server)
      .shortText(message.procedure);
    if (version < '7.2') inner.u16(Math.min(message.line, 0xffff));
    else inner.u32(message.line);
  });
}

export function readMessage(reader: TdsReader, kind: ServerMessage['kind'], version: TdsVersion): ServerMessage {
  const inner = reader.part(reader.u16());
  const message: ServerMessage = {
    kind,
    number: inner.i32(),
    state: inner.u8(),
    severity: inner.u8(),
    text: inner.longText(),
    server: inner.shortText(),
    procedure: inner.shortText(),
    line: version < '7.2' ? inner.u16() : inner.u32(),
  };
  inner.done();
  return message;
}
