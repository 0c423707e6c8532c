import { spawn, type ChildProcess } from 'node:child_process';

/** Opens a hub, or takes it away, in a process of its own; says how that went, as one line of JSON, and keeps it until it is killed or is told to go. */
const program = `
import { Hub, removeHub } from ${JSON.stringify(new URL('./hub.ts', import.meta.url).href)};
const [what, label] = process.argv.slice(1);
const say = (told) => process.stdout.write(JSON.stringify(told) + '\\n');
try {
  if (what === 'remove') say({ removed: await removeHub({ label }) });
  else {
    process.stdout.write('begun\\n');
    const hub = await Hub.open({ label });
    say({ range: hub.range.prefix, path: hub.place.path });
    if (what === 'look') {
      process.stdin.resume();
      await new Promise((done) => process.stdin.once('end', done));
      await hub.remove();
    }
  }
} catch (error) {
  say({ code: error.code, kind: error.kind, message: error.message, remedy: error.remedy, target: error.target });
}
`;

export interface HubTold {
  readonly range?: string;
  readonly path?: string;
  readonly removed?: boolean;
  readonly code?: string;
  readonly kind?: string;
  readonly message?: string;
  readonly remedy?: string;
  readonly target?: string;
}

/** The last thing it said. */
export function toldBy(text: string): HubTold {
  const last = text
    .trim()
    .split('\n')
    .findLast((line) => line.startsWith('{'));
  return last === undefined ? {} : (JSON.parse(last) as HubTold);
}

/** Runs a shell's commands, given as a script with `$HUB open LABEL`, and answers all that they say. */
export async function hubScript(
  script: string,
  before: readonly string[] = [],
): Promise<{ readonly out: string; readonly exit: number | null }> {
  const command = [...before, '/bin/sh', '-c', `hub() { "$NODE" --input-type=module -e "$PROGRAM" "$@"; }; ${script}`];
  const [file = '', ...rest] = command;
  const child: ChildProcess = spawn(file, rest, {
    env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', NODE: process.execPath, PROGRAM: program },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let out = '';
  child.stdout?.on('data', (bytes: Buffer) => (out += bytes.toString('utf8')));
  const exit = await new Promise<number | null>((done, failed) => child.once('close', done).once('error', failed));
  return { out, exit };
}
