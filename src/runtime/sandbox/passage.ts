import type { OnReadOpts, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { Course } from '#base/course.ts';
import { fault, type Fault } from '#base/fault.ts';
import { ReadBuffers } from '#base/read-buffers.ts';

/** The far side of a worker's connection: any stream, or a socket that reads into the buffers that it was dialled with (see `Dialer.relay`). */
export type Far = Duplex | { readonly relayed: Socket };

/** Opens the far side. */
export type DialFar = (signal: AbortSignal, onread: OnReadOpts) => Promise<Far>;

/** Connections that one worker may have open: it takes none of the descriptors that others need. */
export const mostOpen: number = 256;

export function tooManyPassages(): Fault {
  return fault('throttled', 'TooManyWorkerConnections', `A worker has no more than ${mostOpen} connections at once.`, {
    remedy: 'End some of them first.',
  });
}

const buffers = new ReadBuffers();
/** Nobody asks how long a passage has been silent. */
const still = { now: 0 };

/** One connection of a worker, and what it leads to. */
export class Passage {
  readonly #client: Socket;
  readonly #giveUp = new AbortController();
  readonly #course = new Course(buffers, still, { touchedTick: 0 });

  constructor(client: Socket) {
    this.#client = client;
    client.once('close', () => this.#giveUp.abort());
    client.on('error', () => client.destroy());
  }

  get over(): boolean {
    return this.#giveUp.signal.aborted;
  }

  /** Ends both sides at once. */
  cut(): void {
    this.#giveUp.abort();
    endHard(this.#client);
  }

  /** Dials; what it throws is why there is no far side. `onReached` is called before any byte passes. */
  async lead(dial: DialFar, onReached: () => void): Promise<void> {
    const reached = await dial(this.#giveUp.signal, this.#course.onread);
    const far = 'relayed' in reached ? reached.relayed : reached;
    far.on('error', () => endHard(this.#client));
    if (this.over) return void far.destroy();
    onReached();
    this.#join(far, 'relayed' in reached ? reached.relayed : undefined);
  }

  /** Bytes both ways, each way's end passed on by itself; what breaks on one side is a reset on the other. */
  #join(far: Duplex, relayed: Socket | undefined): void {
    const client = this.#client;
    const course = this.#course;
    client.pipe(far);
    if (relayed === undefined) far.pipe(client);
    else {
      course.join(relayed, client, false);
      relayed.once('end', () => client.end());
      relayed.resume();
    }
    client.once('close', () => {
      course.halt();
      if (!client.readableEnded || !client.writableFinished) far.destroy();
      if (far.closed) course.close();
    });
    far.once('close', () => {
      if (!far.readableEnded || !far.writableFinished) endHard(client);
      if (client.closed) course.close();
    });
  }
}

/** By a reset, which only TCP has. */
function endHard(client: Socket): void {
  if (client.remoteFamily === undefined) client.destroy();
  else client.resetAndDestroy();
}
