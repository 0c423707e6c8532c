import { spawn, type ChildProcessByStdio } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import type { Socket } from 'node:net';
import type { Readable, Writable } from 'node:stream';
import { commandFailed, kernelPrograms, ownEnvironment, patienceMs, type Command, type Ran } from './commands.ts';

/**
 * Runs what it is told, one program after another: a line with the word, the size of the input, the program and its arguments; then the input. It
 * answers with the word and the program's exit on a line of their own, and with the word among the errors. A line without the word is what a program
 * did not read, and is not run. Each program ends with the shell, and the shell with us.
 */
const script = `
word=$1 die=$2 hand=$3
set -f
while read -r said size told; do
  [ "$said" = "$word" ] || exit 1
  set -- $told
  if [ "$size" = 0 ]; then "$die" --pdeathsig KILL -- "$@" < /dev/null
  else "$hand" -c "$size" | { exec "$die" --pdeathsig KILL -- "$@"; }
  fi
  printf '\\n%s %s\\n' "$word" "$?"
  printf '\\n%s\\n' "$word" >&2
done
`;

/** So many wait for the next program. */
const mostIdle = 4;

/**
 * Runs programs in a network by small shells that stay there: to begin one takes as long as it takes to copy what is known of the memory of who
 * begins it, which for the control process is longer than most of them run, and holds it up.
 */
export class Runners implements Disposable {
  readonly #enter: Command;
  readonly #idle: Runner[] = [];
  #isClosed = false;

  /** `enter`: what runs a program in that network, as its beginning. */
  constructor(enter: Command) {
    this.#enter = enter;
  }

  /**
   * Runs a program of a path to its end, as many at once as are asked for. No argument has a blank in it, and what succeeds has read all of its
   * input. It ends with this process, however that ends. Fault: `KernelCommandFailed` (unsupported) where it was ended, or nothing runs there.
   */
  async run(file: string, args: readonly string[], input = ''): Promise<Ran> {
    const runner = this.#take() ?? new Runner(this.#enter);
    const ran = await runner.run({ file, args }, input);
    if (this.#isClosed || this.#idle.length === mostIdle) runner[Symbol.dispose]();
    else if (runner.isThere) this.#idle.push(runner);
    return ran;
  }

  /** Somebody may have ended those that wait. */
  #take(): Runner | undefined {
    let runner = this.#idle.pop();
    while (runner?.isThere === false) runner = this.#idle.pop();
    return runner;
  }

  [Symbol.dispose](): void {
    this.#isClosed = true;
    for (const runner of this.#idle.splice(0)) runner[Symbol.dispose]();
  }
}

/** One shell. */
class Runner implements Disposable {
  readonly #word = randomBytes(16).toString('hex');
  readonly #child: ChildProcessByStdio<Writable, Readable, Readable>;
  #isThere = true;
  #asked: Asked | undefined;

  constructor({ file, args }: Command) {
    const { setpriv, sh, head } = kernelPrograms;
    const shell = [sh.path, '-c', script, 'sh', this.#word, setpriv.path, head.path];
    this.#child = spawn(setpriv.path, ['--pdeathsig', 'KILL', '--', file, ...args, ...shell], {
      stdio: ['pipe', 'pipe', 'pipe'],
      env: ownEnvironment,
      cwd: '/',
    });
    this.#child.stdout.on('data', (chunk: Buffer) => this.#asked?.hear('out', chunk));
    this.#child.stderr.on('data', (chunk: Buffer) => this.#asked?.hear('err', chunk));
    const gone = (): void => void (this.#isThere = false);
    const lost = (): void => this.#asked?.lost();
    // What it said before it ended is read first.
    this.#child.once('exit', gone).once('close', lost).once('error', gone).once('error', lost);
    // That it is gone is told by its end.
    this.#child.stdin.on('error', () => undefined);
  }

  get isThere(): boolean {
    return this.#isThere;
  }

  async run({ file, args }: Command, input: string): Promise<Ran> {
    const asked = (this.#asked = new Asked(this.#word));
    const late = setTimeout(() => this[Symbol.dispose](), patienceMs);
    this.#hold(true);
    try {
      this.#child.stdin.write(`${this.#word} ${Buffer.byteLength(input)} ${[file, ...args].join(' ')}\n${input}`);
      const ran = await asked.ran;
      if (ran.exit === undefined) throw commandFailed(file, args, ran);
      // What it did not read of its input would come first.
      if (ran.exit !== 0 && input !== '') this[Symbol.dispose]();
      return ran;
    } finally {
      clearTimeout(late);
      this.#asked = undefined;
      this.#hold(false);
    }
  }

  [Symbol.dispose](): void {
    this.#isThere = false;
    this.#child.kill('SIGKILL');
  }

  /** While nothing runs there, this process may end. */
  #hold(isBusy: boolean): void {
    const { stdin, stdout, stderr } = this.#child;
    // They are sockets, which the types do not say.
    for (const one of [this.#child, stdin, stdout, stderr] as unknown as readonly Socket[]) {
      if (isBusy) one.ref();
      else one.unref();
    }
  }
}

/** What is said by a program until the word comes, on both ways. */
class Asked {
  readonly ran: Promise<Ran>;
  readonly #word: string;
  readonly #said: Record<'out' | 'err', Buffer[]> = { out: [], err: [] };
  readonly #whole: Partial<Record<'out' | 'err', string>> = {};
  #exit: number | undefined;
  #done: (ran: Ran) => void = () => undefined;

  constructor(word: string) {
    this.#word = word;
    this.ran = new Promise((done) => (this.#done = done));
  }

  hear(way: 'out' | 'err', chunk: Buffer): void {
    this.#said[way].push(chunk);
    // The word is the end of a line.
    if (chunk.at(-1) !== 0x0a) return;
    const text = Buffer.concat(this.#said[way]).toString('utf8');
    const at = text.lastIndexOf(`\n${this.#word}`);
    if (at === -1) return;
    this.#whole[way] = text.slice(0, at);
    if (way === 'out') this.#exit = Number(text.slice(at + this.#word.length + 1));
    const { out, err } = this.#whole;
    if (out !== undefined && err !== undefined) this.#done({ out, err, exit: this.#exit });
  }

  /** It was ended. */
  lost(): void {
    this.#done({ out: '', err: Buffer.concat(this.#said.err).toString('utf8'), exit: undefined });
  }
}
