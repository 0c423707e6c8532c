import { isIP } from 'node:net';
import type { OwnWay } from '../channel.ts';
import type { NetworkDoor, RuntimeNetworks } from '../runtime.ts';
import type { DialFar } from '../sandbox/passage.ts';
import { endpointKey, type SandboxEndpoint } from '../sandbox/endpoint.ts';

/** What a worker finds in its network. */
export interface Doors {
  readonly all: readonly NetworkDoor[];
  /** The one that leads to the job's own target, where the segment is open and the target no endpoint. */
  readonly own: OwnWay | null;
}

export interface Target {
  readonly host: string;
  readonly port: number;
}

/** Opens the far side of a connection to a target. */
export type DialTarget = (target: Target, ...how: Parameters<DialFar>) => ReturnType<DialFar>;

/** Addresses that stand for hosts outside: from the range for tests of networks, which leads nowhere. */
const standIns = Array.from({ length: 254 }, (_, at) => `198.18.0.${at + 1}`);

/** The doors of a segment at this moment, for a job with this target; without job: those of its endpoints. */
export function doorsOf(networks: RuntimeNetworks, segment: string, target: Target | undefined): Doors {
  const isJoined = networks.attach !== undefined;
  const endpoints = networks.doors(segment).map((one) => ({ ...one, direct: isJoined && one.direct }));
  if (target === undefined || !networks.isOpen(segment)) return { all: endpoints, own: null };
  const { port } = target;
  const host = target.host.toLowerCase();
  const names = new Set(endpoints.flatMap((one) => one.names.map((name) => name.toLowerCase())));
  const isDoor = endpoints.some(
    (one) => one.port === port && (one.address === host || one.names.some((name) => name.toLowerCase() === host)),
  );
  if (isDoor) return { all: endpoints, own: null };
  const taken = new Set(endpoints.map(({ address }) => address));
  const address = standIns.find((one) => !taken.has(one));
  if (address === undefined) return { all: endpoints, own: null };
  // A name that means an endpoint, or this computer, is not given a second meaning: the worker's dialer knows the way without it.
  const isNew = isIP(host) === 0 && host !== 'localhost' && !names.has(host) && isHostName(host);
  const door: NetworkDoor = { address, port, names: isNew ? [host] : [], direct: false };
  return { all: [...endpoints, door], own: { host: target.host, port, address } };
}

/**
 * Those that somebody must listen for inside the worker's network. Where it is joined to the segment the segment's own names are asked there: then only
 * the door that nobody else has brings its name.
 */
export function listeningDoors({ all, own }: Doors, isJoined: boolean): readonly SandboxEndpoint[] {
  return all
    .filter(({ direct }) => !direct)
    .map(({ address, port, names }) => ({ address, port, names: isJoined && !isOwnDoor(own, { address, port, names }) ? [] : names }));
}

export function isOwnDoor(own: OwnWay | null, door: SandboxEndpoint): own is OwnWay {
  return own !== null && endpointKey({ address: own.address, port: own.port, names: [] }) === endpointKey(door);
}

function isHostName(host: string): boolean {
  return /^[a-z0-9_]([a-z0-9_.-]{0,251}[a-z0-9_])?$/.test(host);
}
