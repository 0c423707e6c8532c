import { connect } from 'node:net';
import { fault, type Fault } from '#base/fault.ts';
import { shortName } from '../names.ts';
import type { Hop, Path } from '../path.ts';
import type { Endpoint, HostPort } from '../plan.ts';
import { commandFailed, kernelPrograms, run, type Command } from './commands.ts';
import { emptyTable, type KernelTable } from './kernel-table.ts';
import { changeText } from './ruleset.ts';

/** How the kernel carries a port of an endpoint at this moment, as far as it can be told by asking it and by sending packets. */
export type KernelState =
  /** A connection through the hub came through. */
  | { readonly kind: 'carried'; readonly entry: HostPort; readonly ms: number }
  /** The rows are there; a connection fails. */
  | { readonly kind: 'broken'; readonly entry: HostPort; readonly problem: string }
  /** The kernel has not got them, or has others. */
  | { readonly kind: 'lost'; readonly problem: string };

/** The rows by which a port of an endpoint is carried, whenever they end. Undefined: there are none to be. */
export function rowsOfDoor(all: KernelTable, link: number, port: number): KernelTable | undefined {
  const doors = all.doors.filter((door) => door.link === link && door.port === port);
  const rules = all.rules.filter(({ number }) => doors.some(({ rule }) => rule === number));
  const slots = new Set(rules.flatMap((rule) => rule.slots));
  const backends = all.backends.filter(({ number }) => slots.has(number));
  const nics = all.nics.filter(({ segment }) => doors.some((door) => door.segment === segment));
  return doors.length === 0 ? undefined : { ...all, nics, doors: doors.map((door) => ({ ...door, endsMs: undefined })), rules, backends };
}

/**
 * What the kernel lacks of these rows, or has otherwise; undefined: nothing. Asked by changes that it only checks: to read rows takes a second where
 * there are ten thousand, and this some hundredths. `enter` runs a command in the hub. Fault: `KernelCommandFailed` (unsupported).
 */
export async function lackingRows(enter: Command, rows: KernelTable): Promise<string | undefined> {
  const args = [...enter.args, kernelPrograms.nft.path, '-c', '-f', '-'];
  const gone = await run(enter.file, args, changeText(rows, emptyTable, 0));
  if (gone.err.includes('No such file or directory')) return 'rows of it are not there';
  const other = gone.exit === 0 ? await run(enter.file, args, changeText(emptyTable, rows, 0)) : gone;
  if (other.err.includes('File exists')) return 'rows of it are others';
  if (other.exit !== 0) throw commandFailed(enter.file, args, other);
  return undefined;
}

/** The open way to an endpoint that the kernel carries, and what is known of the kernel's part in it. `where` names the kernel's table. */
export function kernelPath(path: Path, endpoint: Endpoint, state: KernelState, where: string): Path {
  const at = path.hops.findIndex(({ kind, id }) => kind === 'endpoint' && id === endpoint.id);
  const hop = path.hops[at];
  if (hop === undefined) return path;
  const before = path.hops.slice(0, at);
  if (state.kind === 'carried') {
    const { entry, ms } = state;
    const listens = `On this host ${shortName(endpoint.id)} listens at ${entry.host}:${entry.port}.`;
    const carried = `The kernel carries it: its rows are there, and a connection by them was open after ${ms.toFixed(1)} ms.`;
    return { ...path, hops: [...before, { ...hop, detail: `${hop.detail} ${listens} ${carried}` }, ...path.hops.slice(at + 1)] };
  }
  const denied = state.kind === 'lost' ? rowsLost(endpoint, state.problem, where) : connectionLost(endpoint, state, where);
  const ending: Hop = { ...hop, ok: false, detail: denied.message };
  return { hops: [...before, ending], denied };
}

function rowsLost({ id }: Endpoint, problem: string, where: string): Fault {
  return fault('unreachable', 'KernelRowsLost', `The kernel does not carry ${shortName(id)} as the plan says: ${problem}.`, {
    target: where,
    remedy: `Somebody else changed ${where}. It is being written anew: ask again in some seconds; nft monitor in that network shows who changes it again.`,
  });
}

function connectionLost(
  { id }: Endpoint,
  { entry, problem }: { readonly entry: HostPort; readonly problem: string },
  where: string,
): Fault {
  const at = `${entry.host}:${entry.port}`;
  return fault(
    'unreachable',
    'KernelPathBroken',
    `The kernel has the rows of ${shortName(id)}, but a connection by ${at} fails: ${problem}.`,
    {
      target: where,
      remedy: `The database itself answers. See whether a firewall of this host refuses ${at}, or connections to the database that come from the hub.`,
    },
  );
}

/** So long a packet within this host, and its answer from the database, are waited for. */
const patienceMs = 5_000;

/**
 * Connects once to where an endpoint listens, and leaves again without a word. Answers how long it took, or why it failed. `from` is told which
 * address and port it comes from, before it does.
 */
export async function tryEntry(entry: HostPort, own: string, from: (client: HostPort) => void): Promise<number | string> {
  for (let tries = 0; ; tries += 1) {
    // Chosen here, so that it is known before the kernel sees it.
    const localPort = nextPort();
    from({ host: own, port: localPort });
    const outcome = await connectFrom(entry, own, localPort);
    if (typeof outcome === 'number' || !outcome.startsWith('EADDR') || tries > 8) return outcome;
  }
}

/** Not those that the system gives out, each once in a long time. */
const [firstPort, ports] = [20_000, 12_000];
let ported = process.pid % ports;

function nextPort(): number {
  ported = (ported + 1) % ports;
  return firstPort + ported;
}

function connectFrom({ host, port }: HostPort, localAddress: string, localPort: number): Promise<number | string> {
  return new Promise((settle) => {
    const begunMs = performance.now();
    const socket = connect({ host, port, localAddress, localPort });
    const timer = setTimeout(() => {
      settle(`no answer within ${patienceMs / 1_000} seconds`);
      socket.destroy();
    }, patienceMs);
    socket.once('close', () => clearTimeout(timer));
    socket.on('error', (error: NodeJS.ErrnoException) => settle(error.code ?? error.message));
    socket.once('connect', () => {
      settle(performance.now() - begunMs);
      socket.end();
      socket.resume();
      // Whoever waits for us to speak first is not waited for.
      socket.destroySoon();
    });
  });
}
