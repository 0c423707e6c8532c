import { connect, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { forbiddenReason, isForbidden } from './forbidden.ts';
import type { HostPort, Probe } from './plan.ts';

/** What an answer so far means: healthy, not healthy and why, or not yet to be told. */
type Verdict = 'healthy' | 'more' | { readonly reason: string };

interface Exchange {
  /** Sent first; undefined: the server speaks first, or nobody does. */
  readonly ask: Uint8Array | undefined;
  /** Undefined: a connection is all that is asked for. */
  readonly judge: ((answer: Buffer) => Verdict) | undefined;
}

/** No server needs to say more than this to be known. */
const mostAnswerBytes = 16_384;

/**
 * Asks a server once what the probe asks, in the way its protocol begins; nobody signs in. Undefined: it is healthy; otherwise why not, as a
 * sentence. No PROXY header is ever sent.
 */
export async function probeOnce(
  probe: Pick<Probe, 'protocol' | 'path'>,
  at: HostPort,
  name: HostPort,
  timeoutMs: number,
): Promise<string | undefined> {
  if (isForbidden(at.host)) return `${name.host}:${name.port}: ${forbiddenReason}.`;
  const { ask, judge } = exchangeOf(probe, name);
  return new Promise((settle) => {
    const socket: Socket = probe.protocol === 'https' ? connectTls({ ...at, rejectUnauthorized: false }) : connect(at);
    const finish = (reason: string | undefined): void => {
      clearTimeout(timer);
      socket.removeAllListeners();
      socket.on('error', () => socket.destroy());
      // An orderly close: a reset would stand in the server's log.
      socket.end(() => socket.destroy());
      socket.resume();
      settle(reason);
    };
    const timer = setTimeout(() => finish(`${name.host}:${name.port} did not answer within ${timeoutMs / 1_000} s.`), timeoutMs);
    let answer: Buffer = Buffer.alloc(0);
    socket.once('error', (error: NodeJS.ErrnoException) => finish(`${name.host}:${name.port}: ${sayError(error)}.`));
    socket.once(probe.protocol === 'https' ? 'secureConnect' : 'connect', () => {
      if (judge === undefined) return finish(undefined);
      if (ask !== undefined) socket.write(ask);
    });
    socket.on('data', (bytes: Buffer) => {
      answer = Buffer.concat([answer, bytes]);
      const verdict = judge?.(answer) ?? 'more';
      if (verdict === 'healthy') finish(undefined);
      else if (verdict !== 'more') finish(`${name.host}:${name.port} ${verdict.reason}.`);
      else if (answer.length > mostAnswerBytes) finish(`${name.host}:${name.port} sends what is no ${probe.protocol} answer.`);
    });
    socket.once('end', () => finish(`${name.host}:${name.port} closed the connection without an answer.`));
  });
}

function exchangeOf({ protocol, path }: Pick<Probe, 'protocol' | 'path'>, { host, port }: HostPort): Exchange {
  switch (protocol) {
    case 'tcp':
      return { ask: undefined, judge: undefined };
    case 'http':
    case 'https': {
      const lines = [
        `GET ${path ?? '/'} HTTP/1.1`,
        `Host: ${host}:${port}`,
        'User-Agent: Load Balancer Agent',
        'Accept: */*',
        'Connection: close',
        '',
        '',
      ];
      return { ask: Buffer.from(lines.join('\r\n'), 'latin1'), judge: judgeHttp };
    }
    case 'postgresql':
      return { ask: sslRequest, judge: judgePostgres };
    case 'mysql':
      return { ask: undefined, judge: judgeMysql };
    case 'tds':
      return { ask: prelogin, judge: judgeTds };
  }
}

/** Length 8, code 1234·5679 (protocol document, "SSLRequest"). */
const sslRequest = Buffer.from([0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f]);

/** `S` or `N`; `E` begins an error of a server that is too old to know the question, or takes no more connections. */
function judgePostgres(answer: Buffer): Verdict {
  const first = String.fromCharCode(answer[0] ?? 0);
  if (first === 'S' || first === 'N') return 'healthy';
  return { reason: first === 'E' ? 'answers with an error to the first message of PostgreSQL' : 'does not answer as PostgreSQL does' };
}

/** The greeting: length (3 bytes), number 0, protocol version 10; 255 instead of it begins an error packet. */
function judgeMysql(answer: Buffer): Verdict {
  if (answer.length < 5) return 'more';
  if (answer[3] !== 0) return { reason: 'does not greet as MySQL does' };
  if (answer[4] === 10) return 'healthy';
  if (answer[4] !== 255 || answer.length < 7) return { reason: 'does not greet as MySQL does' };
  return { reason: `greets with MySQL error ${answer.readUInt16LE(5)}` };
}

/** [MS-TDS] 2.2.6.5: PRELOGIN with VERSION (at 11, 6 bytes) and ENCRYPTION (at 17, 1 byte: not supported), in a packet of 26 bytes. */
const prelogin = Buffer.from('1201001a00000100' + '00000b0006' + '0100110001' + 'ff' + '000000000000' + '02', 'hex');

/** A tabular result packet whose first option is the version. */
function judgeTds(answer: Buffer): Verdict {
  if (answer.length > 0 && answer[0] !== 0x04) return { reason: 'does not answer as SQL Server does' };
  if (answer.length < 9) return 'more';
  return answer[8] === 0x00 ? 'healthy' : { reason: 'does not answer as SQL Server does' };
}

/** Azure takes 200 and nothing else. */
function judgeHttp(answer: Buffer): Verdict {
  const end = answer.indexOf('\n');
  if (end < 0) return 'more';
  const status = /^HTTP\/1\.[01] (\d{3})(?: |\r|$)/.exec(answer.toString('latin1', 0, end))?.[1];
  if (status === '200') return 'healthy';
  return {
    reason: status === undefined ? 'does not answer as an HTTP server does' : `answers with status ${status}, and only 200 is healthy`,
  };
}

function sayError({ code }: NodeJS.ErrnoException): string {
  switch (code) {
    case 'ECONNREFUSED':
      return 'the connection is refused (nothing listens there)';
    case 'ECONNRESET':
    case 'EPIPE':
      return 'it reset the connection without an answer';
    case undefined:
      return 'the connection failed';
    default:
      return code;
  }
}
