import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { fault, policies, toFault, type Fault } from '#base/fault.ts';
import { packetType, usualPacketBytes } from '#wire/tds/packets.ts';
import { decodeSqlBatch } from '#wire/tds/sql-batch.ts';
import type { Token } from '#wire/tds/tokens.ts';
import type { TdsVersion } from '#wire/tds/version.ts';
import { AnswerWriter } from './answer-writer.ts';
import type { Conversation, FrontMessage, LoginOutcome, Peer, TdsRequest } from './conversation-terms.ts';
import type { FrontLimits, FrontOptions } from './front-options.ts';
import { shakeHands, type Handshake, type TlsContexts } from './handshake.ts';
import { acceptedTokens, agreeOnPacketBytes, agreeOnTds, refusedTokens, routedTokens } from './login-answer.ts';
import { RequestsIn, type MessageIn } from './requests-in.ts';

export interface FrontClientOptions {
  readonly front: FrontOptions;
  readonly limits: FrontLimits;
  readonly tls: TlsContexts | undefined;
  /** As `@@SPID` says it. */
  readonly session: number;
  /** Takes a place among those that are logged in. False: there is none. */
  readonly enter: () => boolean;
  /** Ends with the front. */
  readonly signal: AbortSignal;
}

const requestTypes = [packetType.sqlBatch, packetType.rpc, packetType.attention, packetType.bulkLoad, packetType.transaction];
/** ENVCHANGE: options are as newly logged in. */
const resetDone: Token = {
  kind: 'env-change',
  change: { type: 'bytes', of: 18, now: new Uint8Array(0), before: new Uint8Array(0) },
};

/** One connection, from its first byte on. */
export class FrontClient {
  readonly #socket: Socket;
  readonly #options: FrontClientOptions;

  constructor(socket: Socket, options: FrontClientOptions) {
    this.#socket = socket;
    this.#options = options;
  }

  /** Settles when the client has gone, or was sent away. Rejects with why, where it did not go by itself. */
  async run(): Promise<void> {
    const opened = await this.#open();
    if (opened === undefined) return;
    await using conversation = opened.conversation;
    await this.#converse(conversation, opened);
  }

  async #open(): Promise<Opened | undefined> {
    const { limits, front, tls } = this.#options;
    const late = new AbortController();
    const timer = setTimeout(() => late.abort(tooSlow(limits.loginMs)), limits.loginMs);
    const signal = AbortSignal.any([late.signal, this.#options.signal]);
    // Whatever it waits for ends with the connection.
    const end = (): void => void this.#socket.destroy();
    signal.addEventListener('abort', end, { once: true });
    try {
      const shaken = await shakeHands(this.#socket, { encryption: front.encryption, tls, version: front.version, signal });
      return await this.#logIn(shaken, signal);
    } catch (error) {
      throw late.signal.aborted ? toFault(late.signal.reason) : error;
    } finally {
      clearTimeout(timer);
      signal.removeEventListener('abort', end);
    }
  }

  async #logIn(shaken: Handshake, signal: AbortSignal): Promise<Opened | undefined> {
    const { front, session } = this.#options;
    const { stream, login, encrypted } = shaken;
    const peer: Peer = { address: this.#socket.remoteAddress ?? '', port: this.#socket.remotePort ?? 0, encrypted };
    const tds = agreeOnTds(login.tdsVersion);
    const packetBytes = agreeOnPacketBytes(login.packetBytes);
    const first = new AnswerWriter(stream, { packetBytes: usualPacketBytes, tds: tds ?? '7.1', session });
    const outcome = tds === undefined ? refused(tooOld) : shaken.refused ? refused(notEncrypted) : await this.#admit(login, peer, signal);
    const terms = { login, tds: tds ?? '7.1', packetBytes, serverName: front.serverName };
    if (outcome.kind !== 'accepted') {
      first.tokens(...(outcome.kind === 'refused' ? refusedTokens(outcome.messages, front.serverName) : routedTokens(outcome, terms)));
      first.end();
      stream.end();
      return undefined;
    }
    const conversation = await outcome.open({ login, peer, tds: terms.tds, packetBytes, session });
    first.tokens(...acceptedTokens(outcome, terms));
    first.end();
    return { stream, conversation, answer: new AnswerWriter(stream, { packetBytes, tds: terms.tds, session }), tds: terms.tds };
  }

  async #admit(login: Handshake['login'], peer: Peer, signal: AbortSignal): Promise<LoginOutcome> {
    const { front, limits, enter } = this.#options;
    try {
      const outcome = await front.login(login, peer, signal);
      return outcome.kind === 'accepted' && !enter() ? refused(tooMany(limits.sessions)) : outcome;
    } catch (error) {
      if (signal.aborted) throw error;
      this.#note(toFault(error), 'a login could not be decided');
      return refused(messageOf(toFault(error)));
    }
  }

  async #converse(conversation: Conversation, { stream, answer, tds }: Opened): Promise<void> {
    const messages = new RequestsIn(stream, { mostBytes: this.#options.limits.requestBytes, types: requestTypes });
    const end = (): void => void this.#socket.destroy();
    this.#options.signal.addEventListener('abort', end, { once: true });
    try {
      for (;;) {
        const message = await messages.next();
        if (message.type === packetType.attention) {
          answer.acknowledge();
          // One who never reads is not read either.
          await answer.room();
        } else await this.#serve(message, { conversation, messages, answer, tds });
      }
    } finally {
      this.#options.signal.removeEventListener('abort', end);
    }
  }

  async #serve(message: MessageIn, { conversation, messages, answer, tds }: Serving): Promise<void> {
    if (message.reset !== 'no') {
      await conversation.reset({ keepsTransaction: message.reset === 'keeps-transaction' });
      answer.tokens(resetDone);
    }
    if (message.ignored) {
      answer.end(true);
      return await answer.room();
    }
    const stop = new AbortController();
    let interrupted = false;
    messages.whileRunning({
      interrupted: () => {
        interrupted = true;
        stop.abort();
      },
      gone: () => stop.abort(),
    });
    let trouble: Fault | undefined;
    try {
      await conversation.request(requestOf(message, tds), answer, stop.signal);
    } catch (error) {
      trouble = toFault(error);
    }
    await message.parts?.drain().catch(() => undefined);
    messages.whileRunning(undefined);
    if (trouble !== undefined && !(stop.signal.aborted && trouble.kind !== 'bug')) this.#tell(trouble, answer);
    answer.end(trouble !== undefined || interrupted);
    // One message with both hangs clients: they read the interrupted answer to its end, and then wait for this.
    if (interrupted) answer.acknowledge();
    await answer.room();
  }

  #tell(trouble: Fault, answer: AnswerWriter): void {
    this.#note(trouble, 'a request failed');
    answer.tokens({ kind: 'error', ...messageOf(trouble), server: this.#options.front.serverName, procedure: '', line: 1 });
    answer.tokens({ kind: 'done', status: 0x02, command: 0, rows: 0n });
  }

  #note(trouble: Fault, sentence: string): void {
    const { log } = this.#options.front;
    log?.[policies[trouble.kind].log]({ err: trouble, session: this.#options.session }, sentence);
  }
}

interface Opened {
  readonly stream: Duplex;
  readonly conversation: Conversation;
  readonly answer: AnswerWriter;
  readonly tds: TdsVersion;
}

interface Serving {
  readonly conversation: Conversation;
  readonly messages: RequestsIn;
  readonly answer: AnswerWriter;
  readonly tds: TdsVersion;
}

function requestOf({ type, payload, parts }: MessageIn, tds: TdsVersion): TdsRequest {
  if (parts !== undefined) return { kind: 'bulk', parts };
  if (type === packetType.rpc) return { kind: 'rpc', payload };
  if (type === packetType.transaction) return { kind: 'transaction', payload };
  return { kind: 'batch', ...decodeSqlBatch(payload, tds) };
}

/** A fault as SQL Server would number its kind. What to do is said too: people read it in their tool. */
function messageOf({ kind, message, remedy }: Fault): FrontMessage {
  const { tds } = policies[kind];
  return {
    number: tds === 0 ? 50_000 : tds,
    state: 1,
    severity: kind === 'bug' ? 20 : 16,
    text: [message, remedy].filter(Boolean).join(' '),
  };
}

function refused(...messages: readonly FrontMessage[]): LoginOutcome {
  return { kind: 'refused', messages };
}

const tooOld: FrontMessage = {
  number: 17_832,
  state: 18,
  severity: 20,
  text: 'The login speaks a version of TDS before 7.1, which this server does not. Configure the client for TDS 7.4.',
};

const notEncrypted: FrontMessage = {
  number: 18_456,
  state: 1,
  severity: 14,
  text: 'This server takes encrypted connections only. Connect with encrypt=true.',
};

function tooMany(sessions: number): FrontMessage {
  return {
    number: 10_928,
    state: 1,
    severity: 16,
    text: `Resource ID: 2. The session limit for the database is ${sessions} and has been reached. Close sessions that are not used and log in again.`,
  };
}

function tooSlow(ms: number): Fault {
  return fault('timeout', 'LoginTooSlow', `The client did not log in within ${ms / 1000} s.`, { remedy: 'Connect again.' });
}
