import { fault } from '#base/fault.ts';

/** The first that a MySQL or MariaDB server says. */
export interface Greeting {
  /** `8.4.3` or `11.8.2-MariaDB`. */
  readonly version: string;
  readonly offersTls: boolean;
}

const headerBytes = 4;
const protocolVersion = 10;
const errorPacket = 0xff;
const clientSsl = 0x0800;
/** Greetings have about a hundred bytes; what says more is no MySQL server. */
const mostBytes = 4096;
const mostVersion = 200;
/** Thread id, first part of the scramble, a filler. */
const betweenBytes = 4 + 8 + 1;

/**
 * Protocol::HandshakeV10 of the MySQL documentation. Undefined: more bytes are needed. Faults: `NotMySql` (corrupt); `HostNotAllowed` (denied),
 * `TooManyConnections` (throttled) and `ServerRefused` (unreachable) where the server turns us away at the door.
 */
export function parseGreeting(bytes: Uint8Array): Greeting | undefined {
  if (bytes.length < headerBytes) return undefined;
  const length = bytes[0]! | (bytes[1]! << 8) | (bytes[2]! << 16);
  if (length === 0 || length > mostBytes || bytes[3] !== 0) throw notMySql();
  if (bytes.length < headerBytes + length) return undefined;
  const payload = bytes.subarray(headerBytes, headerBytes + length);
  if (payload[0] === errorPacket) throw refusal(payload);
  const end = payload.indexOf(0, 1);
  if (payload[0] !== protocolVersion || end < 2 || end > mostVersion) throw notMySql();
  const at = end + 1 + betweenBytes;
  if (payload.length < at + 2) throw notMySql();
  const flags = payload[at]! | (payload[at + 1]! << 8);
  return {
    version: new TextDecoder('latin1').decode(payload.subarray(1, end)).replaceAll(/[^ -~]/g, '?'),
    offersTls: (flags & clientSsl) !== 0,
  };
}

function refusal(payload: Uint8Array): Error {
  const number = (payload[1] ?? 0) | ((payload[2] ?? 0) << 8);
  if (number === 1130)
    return fault('denied', 'HostNotAllowed', 'The server lets no user in from where the path ends (error 1130).', {
      remedy: "Create the user for the forwarder's host, or for '%'.",
    });
  if (number === 1040)
    return fault('throttled', 'TooManyConnections', 'The server has no connection left (error 1040).', {
      remedy: 'Raise max_connections, or end idle ones.',
    });
  return fault('unreachable', 'ServerRefused', `The server turned the connection away with error ${number}.`, {
    remedy: "Look the number up in the server's documentation; its log says more.",
  });
}

function notMySql(): Error {
  return fault('corrupt', 'NotMySql', 'What answers does not speak the protocol of MySQL.', {
    remedy: 'Check that host and port are those of the MySQL server, and what the forwarder passes on to.',
  });
}
