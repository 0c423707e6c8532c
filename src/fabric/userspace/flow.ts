import type { OnReadOpts, Socket } from 'node:net';
import type { Fault } from '#base/fault.ts';
import type { Tally } from '../counters.ts';
import type { Session } from '../engine.ts';
import type { Way } from '../route.ts';
import { Course, type Touched } from '#base/course.ts';
import type { ReadBuffers } from '#base/read-buffers.ts';

/** What all flows of an engine share. */
export interface FlowSetting {
  readonly buffers: ReadBuffers;
  /** The coarse clock: counts up once per tick. */
  readonly tick: { readonly now: number };
  /** Silence after which the operating system asks a database's host whether it is still there. */
  readonly keepAliveMs: number;
}

/** What happens to a flow, for whoever keeps the books. */
export interface FlowKeeper {
  /** Bytes since the last time, both ways. */
  readonly moved: (flow: Flow, bytesIn: number, bytesOut: number) => void;
  /** Called once. */
  readonly closed: (flow: Flow) => void;
}

/** Where a connection comes from, as far as it says so. */
export interface FlowOrigin {
  /** For whom it was dialled. */
  readonly asker?: string | undefined;
  /** Who connected to a listener, asked of the operating system while it is open. */
  readonly peer?: () => HostAddress;
}

interface HostAddress {
  readonly address: string;
  readonly port: number;
}

export interface FlowBirth extends FlowOrigin {
  /** Of no other connection of the engine. */
  readonly number: number;
  /** Milliseconds since 1970. */
  readonly sinceMs: number;
}

/** How long a connection that was dropped silently keeps its sockets, so that its ends see nothing but silence. */
const silentMs = 300_000;

/**
 * One live connection, from the moment it is let in. Relayed from a listener it has two sockets and two courses; dialled from inside it is the
 * socket to the database itself, which the dialer's caller reads and writes.
 */
export class Flow implements Touched {
  /** Under which it is found: an endpoint's id, or a segment's for what passes no endpoint. */
  readonly owner: string;
  readonly tally: Tally;
  readonly birth: FlowBirth;
  way: Way;
  touchedTick: number;
  /** Whether it reached the database. */
  established = false;
  /** Why it was ended, where somebody said so. */
  reason: Fault | undefined;
  /** Called when it is over. */
  onOver: (() => void) | undefined;
  readonly #keeper: FlowKeeper;
  readonly #setting: FlowSetting;
  #up: Course | undefined;
  #down: Course | undefined;
  #client: Socket | undefined;
  #upstream: Socket | undefined;
  /** Sent by ourselves, before the client's bytes. */
  #ownBytes = 0;
  #countedIn = 0;
  #countedOut = 0;
  #closed = false;
  #keptAlive = false;
  #silent: NodeJS.Timeout | undefined;

  constructor(way: Way, { tally, birth }: { readonly tally: Tally; readonly birth: FlowBirth }, setting: FlowSetting, keeper: FlowKeeper) {
    this.way = way;
    this.owner = way.endpoint?.id ?? way.segment;
    this.tally = tally;
    this.birth = birth;
    this.touchedTick = setting.tick.now;
    this.#setting = setting;
    this.#keeper = keeper;
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** For the socket of the client, which reads nothing before `relay`. */
  readClient(): OnReadOpts {
    this.#up = new Course(this.#setting.buffers, this.#setting.tick, this);
    return this.#up.onread;
  }

  /** For a socket to the database that is relayed. */
  readUpstream(): OnReadOpts {
    this.#down ??= new Course(this.#setting.buffers, this.#setting.tick, this);
    return this.#down.onread;
  }

  /** The client is there, and waits. `copies`: its socket was not made with `readClient`. */
  hold(client: Socket): void {
    this.#client = client;
    client.on('error', () => this.abort());
    client.on('close', () => this.#gone(client));
  }

  /** A connect is on its way; it is given up when the flow is cut meanwhile. */
  reachFor(upstream: Socket): void {
    this.#upstream = upstream;
  }

  /** Both ends are there. `head` goes to the database first. */
  relay(upstream: Socket, head: Uint8Array | undefined, copies: boolean): void {
    const client = this.#client;
    if (client === undefined) return;
    this.#settle(upstream, head);
    this.#up ??= new Course(this.#setting.buffers, this.#setting.tick, this);
    this.#down ??= new Course(this.#setting.buffers, this.#setting.tick, this);
    this.#up.join(client, upstream, copies);
    this.#down.join(upstream, client, false);
    client.on('end', () => passEnd(client, upstream));
    upstream.on('end', () => passEnd(upstream, client));
    client.resume();
    upstream.resume();
  }

  /** The caller of a dialer has it. */
  handOut(upstream: Socket, head: Uint8Array | undefined): void {
    this.#settle(upstream, head);
  }

  /** Called with each tick of the clock: most short connections are over by then, and have saved the calls. */
  settleIn(): void {
    if (this.#keptAlive || !this.established) return;
    this.#keptAlive = true;
    this.#upstream?.setKeepAlive(true, this.#setting.keepAliveMs);
  }

  /** Adds what passed since the last time to the counters. */
  count(): void {
    const bytesIn = this.#up?.bytes ?? Math.max(0, (this.#upstream?.bytesWritten ?? 0) - this.#ownBytes);
    const bytesOut = this.#down?.bytes ?? this.#upstream?.bytesRead ?? 0;
    if (!this.established || (bytesIn === this.#countedIn && bytesOut === this.#countedOut)) return;
    if (this.#up === undefined) this.touchedTick = this.#setting.tick.now;
    this.#keeper.moved(this, bytesIn - this.#countedIn, bytesOut - this.#countedOut);
    this.#countedIn = bytesIn;
    this.#countedOut = bytesOut;
  }

  /** Ends it at once, at both ends by a reset: no byte passes after this returns. A dialer's caller gets the reason as its stream's error. */
  abort(reason?: Fault): void {
    if (this.#closed) return;
    this.reason = reason;
    this.count();
    const [client, upstream] = [this.#client, this.#upstream];
    if (client !== undefined) reset(client);
    if (upstream !== undefined) reset(upstream, client === undefined ? reason : undefined);
    this.#finish();
  }

  /** Ends it without a word to either end: they see silence until they give up, or the sockets are taken back. */
  drop(): void {
    if (this.#closed || this.#silent !== undefined) return;
    this.#up?.halt();
    this.#down?.halt();
    this.#client?.pause();
    this.#upstream?.pause();
    this.#silent = setTimeout(() => this.abort(), silentMs).unref();
  }

  /** As it stands. */
  session(id: string, idleMs: number): Session {
    this.count();
    const { way, birth } = this;
    const peer = birth.peer?.();
    return {
      id,
      state: this.established ? 'open' : 'connecting',
      sinceMs: birth.sinceMs,
      asker: birth.asker,
      client: peer && { host: peer.address, port: peer.port },
      port: way.port,
      service: way.service?.id,
      backend: way.backend?.id,
      target: way.target,
      bytesIn: this.#countedIn,
      bytesOut: this.#countedOut,
      idleMs,
    };
  }

  /** Whether a dialer's caller has its socket. */
  get isHandedOut(): boolean {
    return this.established && this.#client === undefined;
  }

  get dropped(): boolean {
    return this.#silent !== undefined;
  }

  #settle(upstream: Socket, head: Uint8Array | undefined): void {
    this.#upstream = upstream;
    this.established = true;
    this.touchedTick = this.#setting.tick.now;
    upstream.on('error', () => this.abort());
    upstream.on('close', () => this.#gone(upstream));
    if (head === undefined) return;
    this.#ownBytes = head.length;
    upstream.write(head);
  }

  /** An end is closed: the flow ends with the second. What closed before its stream had ended both ways takes the other with it. */
  #gone(socket: Socket): void {
    if (this.#closed) return;
    const other = socket === this.#client ? this.#upstream : this.#client;
    if (other === undefined || other.destroyed) {
      this.count();
      this.#finish();
      return;
    }
    if (!socket.readableEnded || !socket.writableFinished) this.abort();
  }

  #finish(): void {
    this.#closed = true;
    clearTimeout(this.#silent);
    this.#up?.close();
    this.#down?.close();
    this.#keeper.closed(this);
    this.onOver?.();
  }
}

/** One direction is over: tells the other end, or closes both where that was the second. */
function passEnd(from: Socket, to: Socket): void {
  if (!to.readableEnded || !from.writableFinished || to.writableLength > 0) {
    to.end();
    return;
  }
  // All is sent, and all is read: closing says the same as an end, in one call.
  to.destroy();
  from.destroy();
}

/** Closes a socket at once, by a reset where the operating system can still send one: not while an orderly end waits for bytes before it. */
function reset(socket: Socket, reason?: Fault): void {
  if (socket.destroyed) return;
  if (socket.connecting || (socket.writableEnded && !socket.writableFinished)) {
    socket.destroy(reason);
    return;
  }
  // What `resetAndDestroy` does, with a reason for whoever reads the stream.
  (socket as Socket & { resetAndClosing?: boolean }).resetAndClosing = true;
  socket.destroy(reason);
}
