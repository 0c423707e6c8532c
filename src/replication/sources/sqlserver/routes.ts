import { isIP } from 'node:net';
import { fault, type Fault } from '#base/fault.ts';

/**
 * What becomes of a place that a gateway sends clients on to (connection policy Redirect). `follow`: it is dialled, or `via` instead, which a
 * private path leads to it by. `pin`: the gateway is dialled once more under the other name. `fail`: refused.
 * The certificate must be that of the place in every case.
 */
export interface Route {
  /** Of the place; `*` stands for any run of characters: `*.database.windows.net`. */
  readonly hosts: string;
  /** Of the place: `11000-11999`, or one. */
  readonly ports: string;
  readonly action: 'follow' | 'pin' | 'fail';
  /** `host:port`. Only with `follow`. */
  readonly via?: string | undefined;
}

export interface HostPort {
  readonly host: string;
  readonly port: number;
}

/** Fault: `RouteInvalid` (invalid). */
export function checkRoute({ hosts, ports, action, via }: Route): void {
  const [from = 0, to = from] = portsOf(ports) ?? [];
  if (!/^[A-Za-z0-9*._-]{1,253}$/.test(hosts)) throw invalid(`no host can look like ${JSON.stringify(hosts.slice(0, 60))}`);
  if (from < 1 || to < from || to > 65_535) throw invalid(`${JSON.stringify(ports.slice(0, 60))} is no port and no range of ports`);
  if (via !== undefined && (action !== 'follow' || placeOf(via) === undefined))
    throw invalid('via must be host:port, and stands only beside follow');
}

function invalid(why: string): Fault {
  return fault('invalid', 'RouteInvalid', `A route cannot be understood: ${why}.`, {
    remedy:
      'Write hosts such as *.database.windows.net, ports such as 11000-11999, action follow, pin or fail, and with follow a via as host:port.',
  });
}

/** Where to dial for `place`, to which the gateway `gateway` has sent; undefined: it is not to be followed. The first route that fits decides. */
export function dialFor(place: HostPort, gateway: HostPort, routes: readonly Route[]): HostPort | undefined {
  const route = routes.find((one) => fits(one, place));
  if (route === undefined) return place;
  switch (route.action) {
    case 'follow':
      return route.via === undefined ? place : placeOf(route.via);
    case 'pin':
      return gateway;
    case 'fail':
      return undefined;
    default:
      return route.action satisfies never;
  }
}

function fits({ hosts, ports }: Route, { host, port }: HostPort): boolean {
  const [from = 0, to = from] = portsOf(ports) ?? [];
  const pattern = hosts
    .toLowerCase()
    .replaceAll('.', String.raw`\.`)
    .replaceAll('*', '.*');
  return port >= from && port <= to && new RegExp(`^${pattern}$`).test(host.toLowerCase());
}

function portsOf(text: string): readonly number[] | undefined {
  const parts = /^([0-9]{1,5})(?:-([0-9]{1,5}))?$/.exec(text);
  return parts === null
    ? undefined
    : parts
        .slice(1)
        .filter((one) => one !== undefined)
        .map(Number);
}

function placeOf(text: string): HostPort | undefined {
  const parts = /^(?:\[([0-9a-fA-F:.]+)\]|([A-Za-z0-9._-]{1,253})):([0-9]{1,5})$/.exec(text);
  const host = parts?.[1] ?? parts?.[2];
  const port = Number(parts?.[3]);
  if (host === undefined || port < 1 || port > 65_535 || (parts?.[1] !== undefined && isIP(parts[1]) !== 6)) return undefined;
  return { host, port };
}

/** The gateway sends on to a place that cannot be reached from here. `why` is a sentence. */
export function redirected(place: HostPort, gateway: HostPort, why: string, cause?: unknown): Fault {
  return fault(
    'precondition',
    'ConnectionRedirected',
    `${gateway.host}:${gateway.port} sends clients on to ${place.host}:${place.port} (connection policy Redirect), before it judges their login. The private path carries only the names and ports that were approved for it, and that is none of them. ${why}`,
    {
      target: `${place.host}:${place.port}`,
      remedy: `Switch the connection policy to Proxy: of a server, PUT its connectionPolicies/default with {"properties":{"connectionType":"Proxy"}}; of a managed instance, PATCH it with {"properties":{"proxyOverride":"Proxy"}}. Or have a managed private endpoint that carries ${place.host},${place.port} approved too. Or map the place in the linked service: {"isthmus":{"routes":[{"hosts":"${place.host}","ports":"${place.port}","action":"follow","via":"HOST:PORT"}]}}.`,
      cause,
    },
  );
}
