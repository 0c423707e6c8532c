import type { Socket } from 'node:net';
import type { Moved } from './job.ts';

/** Counts what connections move, each from the moment that it is handed out. What secures it counts too: these are the bytes of its TCP. */
export class MovedBytes {
  /** With what each had moved before. */
  readonly #living = new Map<Socket, Moved>();
  #ended: Moved = { sent: 0, received: 0 };
  #onRest: () => void = () => undefined;

  follow(socket: Socket): void {
    // What it has read and nobody has taken yet is the first that its taker gets.
    this.#living.set(socket, { sent: socket.bytesWritten, received: socket.bytesRead - socket.readableLength });
    // By then what was to be written and was not does not count any more.
    socket.once('close', () => {
      this.#ended = sum(this.#ended, this.#movedBy(socket, 0));
      this.#living.delete(socket);
      if (this.#living.size === 0) this.#onRest();
    });
  }

  /** As it is at this moment; it never goes back. */
  get total(): Moved {
    return [...this.#living.keys()].reduce((all, socket) => sum(all, this.#movedBy(socket, socket.writableLength)), this.#ended);
  }

  /** Settles when all have closed, or after so long. */
  async rest(atMostMs: number): Promise<void> {
    if (this.#living.size === 0) return;
    await new Promise<void>((settle) => {
      const timer = setTimeout(settle, atMostMs);
      this.#onRest = () => {
        clearTimeout(timer);
        settle();
      };
    });
  }

  #movedBy(socket: Socket, waiting: number): Moved {
    const { sent = 0, received = 0 } = this.#living.get(socket) ?? {};
    return { sent: Math.max(0, socket.bytesWritten - waiting - sent), received: socket.bytesRead - received };
  }
}

function sum(a: Moved, b: Moved): Moved {
  return { sent: a.sent + b.sent, received: a.received + b.received };
}
