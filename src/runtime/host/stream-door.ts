import { randomBytes, timingSafeEqual } from 'node:crypto';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { faultText } from '#base/fault-text.ts';
import { toFault, type Fault } from '#base/fault.ts';
import type { Log } from '#base/log.ts';
import type { StreamAccess } from '../channel.ts';
import { mostOpen, Passage, type DialFar } from '../sandbox/passage.ts';
import type { StreamAnswer } from '../worker-dialer.ts';
import type { DialTarget } from './doors.ts';

export interface StreamDoorOptions {
  readonly dial: DialTarget;
  readonly log: Log;
}

/** Gives one worker its streams: a connection for each, with a line that says where to, a line that answers, and then the bytes. */
export interface StreamDoor extends AsyncDisposable {
  readonly access: StreamAccess;
}

const mostHeadBytes = 4_096;
const headMs = 10_000;
const head = z.object({ token: z.string(), host: z.string().min(1).max(255), port: z.number().int().min(1).max(65_535) });

/** The socket lies in a folder that only this user enters, and asks for a token that only this worker was told. */
export async function openStreamDoor({ dial, log }: StreamDoorOptions): Promise<StreamDoor> {
  // Not in the data folder: a socket's path may have some hundred bytes only.
  const folder = mkdtempSync(join(tmpdir(), 'isthmus-streams-'));
  const path = join(folder, 'dial');
  const token = randomBytes(32).toString('base64url');
  const open = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true }, (client) => {
    if (open.size >= mostOpen) return void client.destroy();
    open.add(client);
    client.once('close', () => open.delete(client));
    client.on('error', () => client.destroy());
    void serve(client, token, dial).catch((error: unknown) => {
      log.info({ err: toFault(error) }, 'a connection of a worker was refused');
    });
  });
  server.listen(path);
  await once(server, 'listening');
  chmodSync(path, 0o600);
  server.on('error', (error) => log.warn({ err: error }, 'a connection could not be taken'));
  return {
    access: { path, token },
    [Symbol.asyncDispose]: async () => {
      for (const client of open) client.destroy();
      server.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Throws why it was refused, once the worker knows. */
async function serve(client: Socket, token: string, dial: StreamDoorOptions['dial']): Promise<void> {
  const asked = await readHead(client);
  const read = asked === undefined ? undefined : head.safeParse(asked);
  // Whoever cannot say it learns nothing.
  if (read?.success !== true || !isSame(read.data.token, token)) return void client.destroy();
  const { host, port } = read.data;
  const passage = new Passage(client);
  const dialFar: DialFar = (signal, onread) => dial({ host, port }, signal, onread);
  try {
    await passage.lead(dialFar, () => client.write(answer(undefined)));
  } catch (error) {
    if (passage.over) return;
    client.end(answer(toFault(error)));
    throw error;
  }
}

function answer(trouble: Fault | undefined): string {
  const told: StreamAnswer = { fault: trouble === undefined ? null : faultText(trouble) };
  return `${JSON.stringify(told)}\n`;
}

function isSame(given: string, token: string): boolean {
  const [a, b] = [Buffer.from(given), Buffer.from(token)];
  return a.length === b.length && timingSafeEqual(a, b);
}

/** The first line as JSON; what comes after it stays in the stream. Undefined: none came in time, or it is none. */
function readHead(client: Socket): Promise<unknown> {
  return new Promise((settle) => {
    let heard = Buffer.alloc(0);
    const end = (line: unknown): void => {
      clearTimeout(timer);
      client.removeListener('readable', onReadable);
      client.removeListener('close', onClose);
      settle(line);
    };
    const onClose = (): void => end(undefined);
    const timer = setTimeout(() => end(undefined), headMs);
    const onReadable = (): void => {
      const chunk = client.read() as Buffer | null;
      if (chunk === null) return;
      heard = Buffer.concat([heard, chunk]);
      const at = heard.indexOf(10);
      if (at < 0) return heard.length > mostHeadBytes ? end(undefined) : undefined;
      const rest = heard.subarray(at + 1);
      end(jsonOf(heard.toString('utf8', 0, at)));
      if (rest.length > 0) client.unshift(rest);
    };
    client.on('readable', onReadable);
    client.once('close', onClose);
  });
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
