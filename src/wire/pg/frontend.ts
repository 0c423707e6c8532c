import { FieldWriter } from './bytes.ts';

/**
 * What a client sends. PostgreSQL protocol 3.0; layouts: PostgreSQL documentation, "Message Formats" (chapter "Frontend/Backend Protocol").
 * Every function answers one whole message.
 */

const protocolVersion = 0x0003_0000;
const sslRequestCode = 80_877_103;
const cancelRequestCode = 80_877_102;

function message(tag: string, body: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(5 + body.length);
  bytes[0] = tag.charCodeAt(0);
  new DataView(bytes.buffer).setInt32(1, 4 + body.length);
  bytes.set(body, 5);
  return bytes;
}

function untagged(body: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(4 + body.length);
  new DataView(bytes.buffer).setInt32(0, bytes.length);
  bytes.set(body, 4);
  return bytes;
}

/** "StartupMessage": `user`, `database`, `replication` and any run-time setting by name. Faults: `invalid` for a zero byte in a name or value. */
export function startupMessage(parameters: Readonly<Record<string, string>>): Uint8Array {
  const body = new FieldWriter().i32(protocolVersion);
  for (const [name, value] of Object.entries(parameters)) body.cstring(name).cstring(value);
  return untagged(body.u8(0).take());
}

/** "SSLRequest": the server answers one byte, `S` or `N`. */
export function sslRequest(): Uint8Array {
  return untagged(new FieldWriter().i32(sslRequestCode).take());
}

/** "CancelRequest": sent alone on a connection of its own. */
export function cancelRequest(processId: number, secret: Uint8Array): Uint8Array {
  return untagged(new FieldWriter().i32(cancelRequestCode).i32(processId).bytes(secret).take());
}

/** "Query": the simple protocol. */
export function query(sql: string): Uint8Array {
  return message('Q', new FieldWriter().cstring(sql).take());
}

/** "PasswordMessage": a password or the answer to an MD5 challenge. */
export function passwordMessage(password: string): Uint8Array {
  return message('p', new FieldWriter().cstring(password).take());
}

/** "SASLInitialResponse". */
export function saslInitialResponse(mechanism: string, first: Uint8Array): Uint8Array {
  return message('p', new FieldWriter().cstring(mechanism).i32(first.length).bytes(first).take());
}

/** "SASLResponse". */
export function saslResponse(response: Uint8Array): Uint8Array {
  return message('p', response);
}

/** "CopyData". */
export function copyMessage(payload: Uint8Array): Uint8Array {
  return message('d', payload);
}

/** "CopyDone". */
export function copyDone(): Uint8Array {
  return message('c', new Uint8Array(0));
}

/** "CopyFail": the server gives the copy up and answers an error that quotes `reason`. */
export function copyFail(reason: string): Uint8Array {
  return message('f', new FieldWriter().cstring(reason).take());
}

/** "Terminate". */
export function terminate(): Uint8Array {
  return message('X', new Uint8Array(0));
}
