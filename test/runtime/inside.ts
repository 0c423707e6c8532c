// A worker's program for tests: the real worker, with jobs that do what the test asks for in `database`. What they find out they tell as steps.
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readdirSync, readFileSync, writeFileSync, writeSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { getPriority } from 'node:os';
import { setTimeout as pause } from 'node:timers/promises';
import { Fault, fault, toFault } from '#base/fault.ts';
import type { JobContext } from '#runtime/job-work.ts';
import type { LinkMessage, LinkReport, RuntimeJob, StoreLogin } from '#runtime/job.ts';
import { tryAll, type Targets } from '#runtime/sandbox/attempts-inside.ts';
import { runWorker } from '#runtime/worker.ts';

type Act = (store: StoreLogin, context: JobContext) => Promise<void>;

const [output, channel] = [1, 3];

const acts: Readonly<Record<string, Act>> = {
  /** Bytes there and back. */
  echo: async ({ host, port }, context) => {
    const stream = await context.dialer.dial(host, port, context.signal);
    stream.end('isthmus');
    let heard = '';
    for await (const chunk of stream) heard += String(chunk);
    say(context, heard);
  },
  /** Many bytes there and back, with the end passed on. */
  transfer: async ({ host, port }, context) => {
    const sent = randomBytes(20_000_000);
    const stream = await context.dialer.dial(host, port, context.signal);
    stream.end(sent);
    const heard: Buffer[] = [];
    for await (const chunk of stream) heard.push(chunk as Buffer);
    say(context, Buffer.concat(heard).equals(sent) ? 'same' : 'not the same');
  },
  /** A connection that is kept until it is cut. */
  hold: async ({ host, port }, context) => {
    const stream = await context.dialer.dial(host, port, context.signal);
    stream.write('held');
    say(context, 'held');
    const over = new Promise<string>((settle) => {
      stream.on('error', () => settle('cut'));
      stream.on('close', () => settle('cut'));
    });
    stream.resume();
    say(context, await over);
    say(context, await codeOf(context, host, port));
  },
  /** Dials until it is let through. */
  until: async ({ host, port }, context) => {
    for (;;) {
      const code = await codeOf(context, host, port);
      say(context, code);
      if (code === 'connected') return;
      await pause(20, undefined, { signal: context.signal });
    }
  },
  /** Dials again and again, and says by which way it came through, each time that it is another. */
  ways: async ({ host, port }, context) => {
    for (let last = ''; ; await pause(20, undefined, { signal: context.signal })) {
      const stream = (await context.dialer.dial(host, port, context.signal).catch(() => undefined)) as Socket | undefined;
      if (stream === undefined) continue;
      const way = stream.localAddress === stream.remoteAddress ? 'passed on' : 'carried';
      stream.on('error', () => undefined).destroy();
      if (way !== last) say(context, way);
      last = way;
    }
  },
  /** As a driver that knows nothing of us. */
  plain: async ({ host, port }, context) => {
    const how = await new Promise<string>((settle) => {
      const socket = connect({ host, port });
      socket.once('error', (error: NodeJS.ErrnoException) => settle(error.code ?? 'failed'));
      socket.once('data', (bytes) => settle(bytes.toString()));
      socket.write('unmodified');
    });
    say(context, how);
  },
  /** Everything of all processes that it sees. */
  look: async (_store, context) => {
    const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
    const texts = pids.flatMap((pid) => ['environ', 'cmdline'].map((name) => read(`/proc/${pid}/${name}`)));
    say(context, `${texts.join('\n')}\n${process.argv.join(' ')}`.replaceAll('\0', ' '));
  },
  priority: async (_store, context) => say(context, String(getPriority())),
  wait: async (_store, context) => {
    say(context, 'waiting');
    const { signal } = context;
    if (!signal.aborted) await once(signal, 'abort');
    say(context, 'stopped');
  },
  stubborn: async (_store, context) => {
    say(context, 'waiting');
    await new Promise<never>(() => setInterval(() => undefined, 1_000));
  },
  fault: async ({ host }) => {
    throw fault('denied', 'OfItsOwn', `Not ${host}.`, { remedy: 'Try another.' });
  },
  'no-json': async () => raw('no json at all\n'),
  'unknown event': async () => raw('{"kind":"event","event":{"kind":"else"}}\n'),
  'wrong event': async () => raw('{"kind":"event","event":{"kind":"step","step":{"name":"TCP","ok":"yes"}}}\n'),
  'endless questions': async () => raw('{"kind":"why"}\n'.repeat(1_500)),
  'endless line': async () => {
    const much = 'x'.repeat(65_536);
    for (let count = 0; count < 200; count++) raw(much);
  },
  /** As many connections as it gets, and the code of the first that it does not. */
  crowd: async ({ host, port }, context) => {
    let open = 0;
    let code = 'connected';
    for (; code === 'connected' && open < 1_000; open += 1) code = await codeOf(context, host, port, false);
    say(context, `${open - 1}: ${code}`);
  },
  'floods its output': async (_store, context) => {
    raw(`${'x'.repeat(1_000)}\n`.repeat(1_200), output);
    say(context, 'flooded');
  },
  /** Takes nothing more of what it is told. */
  deaf: async (_store, context) => {
    say(context, 'deaf');
    await pause(10);
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
  },
  dies: async () => {
    process.kill(process.pid, 'SIGKILL');
    await new Promise<never>(() => undefined);
  },
  'wants memory': async () => {
    const all: unknown[] = [];
    for (;;) all.push(Array.from({ length: 100_000 }, Math.random));
  },
  /** What a hostile one would try; each as a step that says what came of it. */
  attempts: async ({ user }, context) => {
    for (const one of await tryAll(JSON.parse(user) as Targets)) say(context, JSON.stringify(one));
  },
  /** What careless code does. */
  logs: async ({ password }, context) => {
    context.log.info({ login: password, password }, 'logged in');
    process.stderr.write(`the password is ${password}\n`);
    say(context, 'logged');
  },
};

runWorker({
  'test-connection': async () => async (job, context) => await acts[job.store.database]?.(job.store, context),
  link: async () => linkWork,
});

/** Writes into its folders, and reports what it was told. */
async function linkWork({ link }: Extract<RuntimeJob, { readonly kind: 'link' }>, context: JobContext): Promise<void> {
  writeFileSync(`${link.landing}/segment`, 'written');
  const told: LinkMessage[] = [];
  const all = new Promise<void>((settle) => {
    context.onMessage((message) => {
      told.push(message);
      if (told.length === 3) settle();
    });
  });
  for (let count = 0; count < 1_000; count++) context.tell({ kind: 'link', report: { ...report, position: String(count) } });
  await all;
  context.tell({ kind: 'link', report: { ...report, position: told.map(({ kind }) => kind).join() } });
}

const report: LinkReport = {
  following: true,
  tables: [],
  position: null,
  heldBytes: null,
  headroomBytes: null,
  findings: [],
  trouble: null,
  heardMs: null,
  recopies: { asked: 0, open: [] },
};

function say({ tell }: JobContext, detail: string): void {
  tell({ kind: 'step', step: { name: 'TCP', ok: true, ms: 0, detail, fault: null } });
}

async function codeOf(
  { dialer, signal }: JobContext,
  ...[host, port, ends = true]: [host: string, port: number, ends?: boolean]
): Promise<string> {
  try {
    const stream = await dialer.dial(host, port, signal);
    if (ends) stream.destroy();
    else stream.on('error', () => undefined).resume();
    return 'connected';
  } catch (error) {
    return error instanceof Fault ? error.code : toFault(error).message;
  }
}

function raw(text: string, to = channel): void {
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length;) {
    try {
      at += writeSync(to, bytes, at);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error;
    }
  }
}

function read(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return '';
  }
}
