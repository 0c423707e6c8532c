import type { Fault } from '#base/fault.ts';
import type { JsonObject } from '#arm/resource.ts';
import type { Hop, Path } from '#fabric/path.ts';
import type { StoreLogin } from '#runtime/job.ts';
import type { TestStep } from '#runtime/jobs/test-connection.ts';

/** One hop as it is answered. `code`, `side` and `remedy` with the one that failed. */
export interface ShownHop {
  readonly name: string;
  readonly ok: boolean;
  readonly ms: number;
  readonly detail: string;
  /** The resource's id or a host; of hops on the way. */
  readonly id?: string;
  readonly code?: string;
  readonly side?: string;
  readonly remedy?: string;
}

export interface FailedHop {
  readonly name: string;
  /** Who can mend it. */
  readonly side: string;
  readonly fault: Fault;
  /** The server's own number of what is wrong, where it said one. */
  readonly errorNumber?: number | undefined;
}

export interface Walked {
  readonly hops: readonly ShownHop[];
  readonly failed: FailedHop | undefined;
}

/** How long connecting and each question may take. */
export const timeoutMs = 20_000;

const sides: Readonly<Record<Hop['kind'] | TestStep['name'], string>> = {
  name: 'your side: the managed private endpoint and its names',
  firewall: "the side of the database server's owner",
  endpoint: 'the side of the owner of what the managed private endpoint leads to',
  service: "the provider's side",
  balancer: "the provider's side",
  backend: "the provider's side",
  forwarder: "the provider's side",
  target: "the provider's side, at the database",
  TCP: "the provider's side, at the database",
  TLS: "the database's side, or the TLS that the linked service asks for",
  login: 'your side: user, password and database of the linked service',
  'connection policy': "the database's side: its connection policy",
  rights: "the database's side: the rights of the user",
};

/** Hops of the way up to the database; connecting to it is a step of its own, unless the way ends there. What the plan decides takes no time. */
export function pathHops({ hops, denied }: Path): Walked {
  if (denied === undefined) return { hops: hops.filter(({ kind }) => kind !== 'target').map((hop) => shown(hop)), failed: undefined };
  const last = hops.at(-1);
  const kind = last === undefined || last.ok ? 'name' : last.kind;
  const failed: FailedHop = { name: kind === 'target' ? 'TCP' : kind, side: sides[sideOf(kind, denied)], fault: denied };
  const ending = { ...failing(failed), id: last?.id ?? '' };
  const passed = hops.slice(0, last === undefined || last.ok ? hops.length : -1).map((hop) => shown(hop));
  return { hops: [...passed, ending], failed };
}

/** An endpoint that is not there, or that nobody can approve any more, is the consumer's own matter. */
function sideOf(kind: Hop['kind'], { code }: Fault): Hop['kind'] {
  return kind === 'endpoint' && (code === 'EndpointDisconnected' || code === 'NoEndpoint') ? 'name' : kind;
}

function shown({ kind, id, ok, detail }: Hop): ShownHop {
  return { name: kind, ok, ms: 0, detail, id };
}

export function stepHops(steps: readonly TestStep[]): Walked {
  const last = steps.at(-1);
  const failed =
    last?.fault === undefined ? undefined : { name: last.name, side: sideOfStep(last), fault: last.fault, errorNumber: last.errorNumber };
  const hops = steps.map(({ name, ok, ms, detail, fault }) =>
    fault === undefined || failed === undefined ? { name, ok, ms, detail } : { ...failing(failed), ms, detail },
  );
  return { hops, failed };
}

/** A login that the server's network rules refuse is no matter of user and password. */
function sideOfStep({ name, fault }: TestStep): string {
  return name === 'login' && fault !== undefined && networkRefusals.has(fault.code)
    ? "the side of the database server's owner"
    : sides[name];
}

/** The worker that was to test did not come to its end. */
export function runtimeFailed(trouble: Fault): Walked {
  const failed: FailedHop = { name: 'runtime', side: 'the side of the integration runtime', fault: trouble };
  return { hops: [failing(failed)], failed };
}

function failing({ name, side, fault: { code, message, remedy } }: FailedHop): ShownHop {
  return { name, ok: false, ms: 0, detail: message, code, side, ...(remedy !== undefined && { remedy }) };
}

/** The server refuses where a login comes from, or by what name; not who it is. */
const networkRefusals: ReadonlySet<string> = new Set([
  'FirewallDenied',
  'VirtualNetworkDenied',
  'PublicAccessDenied',
  'ServerNameUnknown',
  'HostNotAllowed',
  'HostBlocked',
]);

/** Azure's code and wording for it. Rule: https://learn.microsoft.com/azure/data-factory/connector-troubleshoot-azure-sql-database */
export function azureError({ name, fault, errorNumber }: FailedHop, connector: string, login: StoreLogin): JsonObject {
  const { kind, host, port, database, user } = login;
  const numbered = kind === 'sqlserver' && errorNumber !== undefined ? ` SqlErrorNumber=${errorNumber}` : '';
  const refused = fault.kind === 'unauthenticated' || fault.kind === 'denied' || fault.kind === 'missing';
  if (refused && (name === 'TLS' || name === 'login' || name === 'rights') && !networkRefusals.has(fault.code))
    return { code: 'SqlUnauthorizedAccess', message: `Cannot connect to '${connector}'. Detail Message: '${fault.message}'${numbered}` };
  if (fault.kind === 'timeout')
    return { code: 'SqlOpenConnectionTimeout', message: `Open connection to database timeout after '${timeoutMs / 1000}' seconds.` };
  // What the server's firewall says is told in Azure's own words, as the server would.
  const detail = numbered === '' && name !== 'firewall' ? '' : ` Detail Message: '${fault.message}'${numbered}`;
  return {
    code: 'SqlFailedToConnect',
    message: `Cannot connect to SQL Database: '${host},${port}', Database: '${database}', User: '${user}'. Check the linked service configuration is correct, and make sure the SQL Database firewall allows the integration runtime to access.${detail}`,
  };
}
