import { fault, type Fault } from '#base/fault.ts';
import type { BackendHealth, Denial } from './engine.ts';
import { backendName, shortName } from './names.ts';
import {
  managedInstancePort,
  type Backend,
  type BalancerRule,
  type Endpoint,
  type Forwarder,
  type HostPort,
  type PublicServer,
} from './plan.ts';

/** Every way in which the path ends, as a fault. The same stand behind a refused connection and in what `explain` answers. */

/** Without the sentence. */
export function denialOf({ kind, code, target, remedy }: Fault): Denial {
  return { code, rule: target, remedy, isRule: kind === 'denied' || code === 'NameNotFound' };
}

export function segmentNotFound(segment: string): Fault {
  return fault('denied', 'SegmentNotFound', `There is no network ${shortName(segment)}.`, {
    target: segment,
    remedy: 'Check the name of the virtual network or integration runtime.',
  });
}

export function nameNotFound(segment: string, host: string, ports: readonly number[]): Fault {
  const only = ports.length === 0 ? '' : ` for this port: it means an endpoint on ${portList(ports)} only`;
  return fault('unreachable', 'NameNotFound', `${host} is not known in ${shortName(segment)}${only}.`, {
    target: host,
    remedy:
      ports.length === 0
        ? 'Add the name to the private endpoint (fqdns), or link a private DNS zone that has it to the network.'
        : 'Dial one of these ports, or add the name with this port to the private endpoint.',
  });
}

/** Of a network that lets connections out: neither it nor anybody outside knows the name. */
export function nameNotFoundAnywhere(segment: string, host: string, problem: string): Fault {
  return fault(
    'unreachable',
    'NameNotFound',
    `${host} is not known in ${shortName(segment)}, and outside of it has no address: ${problem}.`,
    {
      target: host,
      remedy: 'Add the name to the private endpoint (fqdns), or link a private DNS zone that has it to the network.',
    },
  );
}

export function noEndpoint(segment: string, host: string, port: number): Fault {
  return fault(
    'denied',
    'NoEndpoint',
    `No private endpoint of ${shortName(segment)} leads to ${host}:${port}, and the network lets nothing else out.`,
    {
      target: segment,
      remedy: 'Create a private endpoint to the database in this network and have its owner approve it.',
    },
  );
}

/** Of a network that lets connections out: to anywhere but this host by its own addresses for itself. */
export function localAddressDenied(segment: string, { host, port }: HostPort, addresses: readonly string[]): Fault {
  const where = addresses.includes(host) ? '' : ` (${addresses.join(', ')})`;
  return fault(
    'denied',
    'LocalAddressDenied',
    `${host}:${port}${where} is this host itself: what ${shortName(segment)} lets out goes to no loopback, unspecified or link-local address.`,
    {
      target: segment,
      remedy:
        'Offer the database by a server resource with the tag hidden-backend, or by a forwarder, and dial its name or a private endpoint to it.',
    },
  );
}

/** Azure's error 47073, of SQL, and its wording for others. */
export function publicAccessDenied({ id, product }: PublicServer): Fault {
  const instead = 'To connect to this server, use the Private Endpoint from inside your virtual network.';
  const message =
    product === 'sql'
      ? `Connection was denied since Deny Public Network Access is set to Yes on the server ${shortName(id)} (SqlErrorNumber=47073). ${instead}`
      : `Public network access on the server ${shortName(id)} is disabled. ${instead}`;
  const member =
    product === 'sql'
      ? 'publicNetworkAccess'
      : product === 'managed-instance'
        ? 'publicDataEndpointEnabled'
        : 'network.publicNetworkAccess';
  return fault('denied', 'PublicNetworkAccessDenied', message, {
    target: id,
    remedy: `Create a private endpoint to it in this network and have its owner approve it, or set properties.${member} to ${product === 'managed-instance' ? 'true' : 'Enabled'}.`,
  });
}

/** Azure's error 40615, of SQL. */
export function clientNotAllowed({ id, product }: PublicServer, address: string): Fault {
  const number = product === 'sql' ? ' (SqlErrorNumber=40615)' : '';
  return fault(
    'denied',
    'ClientAddressNotAllowed',
    `Client with IP address '${address}' is not allowed to access the server ${shortName(id)}${number}: none of its firewall rules admits it, or services of the cloud.`,
    {
      target: `${id}/firewallrules`,
      remedy: `Create a private endpoint to it in this network, or add a firewall rule: PUT ${id}/firewallRules/AllowAllWindowsAzureIps with 0.0.0.0 to 0.0.0.0.`,
    },
  );
}

/** Of a managed instance: its host name is one of its own network. */
export function noPublicEndpoint({ id, name }: PublicServer): Fault {
  return fault('denied', 'NoPublicEndpoint', `${name} leads to ${shortName(id)} from within its own network only.`, {
    target: id,
    remedy: `Create a private endpoint to it in this network, or set properties.publicDataEndpointEnabled to true and dial its public name, port ${managedInstancePort}.`,
  });
}

export function noBackend(server: string): Fault {
  return fault('unreachable', 'NoBackend', `The server ${shortName(server)} stands for no database.`, {
    target: server,
    remedy: 'Give it the tag hidden-backend with host:port of an existing database.',
  });
}

export function endpointPending({ id, service }: Endpoint): Fault {
  return fault('denied', 'EndpointPending', `The private endpoint ${shortName(id)} waits for approval.`, {
    target: id,
    remedy: `The owner of ${service === undefined ? 'the service' : shortName(service)} approves it: isthmus endpoint approve ${shortName(id)} --because TEXT`,
  });
}

export function endpointRejected({ id }: Endpoint): Fault {
  return fault('denied', 'EndpointRejected', `The private endpoint ${shortName(id)} was rejected by the owner of what it leads to.`, {
    target: id,
    remedy: 'See the reason in its connection state; ask again with a message, or remove the endpoint.',
  });
}

export function endpointDisconnected({ id }: Endpoint): Fault {
  return fault(
    'denied',
    'EndpointDisconnected',
    `The private endpoint ${shortName(id)} leads nowhere any more: its connection was removed, or its service is gone.`,
    {
      target: id,
      remedy: 'Remove the endpoint and create it anew.',
    },
  );
}

export function approvalExpired({ id }: Endpoint, expiredAtMs: number): Fault {
  return fault(
    'denied',
    'ApprovalExpired',
    `The approval of the private endpoint ${shortName(id)} ended at ${new Date(expiredAtMs).toISOString()}.`,
    {
      target: id,
      remedy: 'Ask its owner to approve it again.',
    },
  );
}

export function noRule(target: string, port: number, ports: readonly number[]): Fault {
  const taken = ports.length === 0 ? 'It takes none' : `It takes ${portList(ports)}`;
  return fault('denied', 'NoRule', `${shortName(target)} has no rule that takes port ${port}. ${taken}.`, {
    target,
    remedy: 'Dial a port that it takes, or add a load balancing rule for this one.',
  });
}

export function noHealthyBackend(rule: BalancerRule, reasons: readonly { readonly backend: Backend; readonly reason: string }[]): Fault {
  const why = reasons.map(({ backend, reason }) => `${backendName(backend)}: ${reason.replace(/\.$/, '')}`).join('; ');
  return fault(
    'unreachable',
    'NoHealthyBackend',
    `None of the backends of the rule ${rule.name} is healthy${why === '' ? ': it has none' : `. ${why}`}.`,
    {
      target: rule.id,
      remedy: reasons.length === 0 ? 'Add network interfaces to the backend pool.' : 'Mend one of the backends, or what its probe asks.',
      details: reasons.map(({ backend, reason }) => fault('unreachable', 'BackendDown', reason, { target: backend.id })),
    },
  );
}

export function noForwarder(backend: string): Fault {
  return fault('unreachable', 'NoForwarder', `Behind the backend ${shortName(backend)} there is no host that answers.`, {
    target: backend,
    remedy: 'Attach its network interface to a virtual machine.',
  });
}

export function forwarderStopped({ id }: Forwarder): Fault {
  return fault('unreachable', 'ForwarderStopped', `The forwarder ${shortName(id)} is stopped.`, {
    target: id,
    remedy: `Start it: POST ${id}/start`,
  });
}

export function noForwardRule({ id, rules }: Forwarder, port: number): Fault {
  const has = rules.length === 0 ? 'It forwards none' : `It forwards ${portList(rules.map((rule) => rule.port))}`;
  return fault('unreachable', 'NoForwardRule', `The forwarder ${shortName(id)} has no rule for port ${port}. ${has}.`, {
    target: id,
    remedy: `Run on it: sudo ./ip_fwd.sh -i eth0 -f ${port} -a HOST -b PORT`,
  });
}

export function targetNotFound({ host }: HostPort, problem: string): Fault {
  return fault('unreachable', 'TargetNotFound', `The name of the database, ${host}, has no address: ${problem}.`, {
    target: host,
    remedy: 'Check the name in the forwarding rule, and that DNS on this host answers for it.',
  });
}

export function targetUnreachable({ host, port }: HostPort, problem: string, cause?: unknown): Fault {
  return fault('unreachable', 'TargetUnreachable', `The database at ${host}:${port} does not answer: ${problem}.`, {
    target: `${host}:${port}`,
    remedy: 'Check that it runs, listens on this port, and lets connections of this host in.',
    ...(cause === undefined ? {} : { cause }),
  });
}

/** Of a joined network. */
export function notItsOwnAddress(segment: string, address: string): Fault {
  return fault(
    'denied',
    'NotItsOwnAddress',
    `A program in ${shortName(segment)} sent from another address than its network's own, ${address}.`,
    {
      target: segment,
      remedy: 'Nothing else is let through, and no IPv6: have the program use the address that it has.',
    },
  );
}

export function rerouted(target: string): Fault {
  return fault('unreachable', 'EndpointRerouted', `What ${shortName(target)} leads to was changed while the connection was open.`, {
    target,
    remedy: 'Connect again: the new way is open.',
  });
}

export function sessionCut({ id }: Pick<Endpoint, 'id'>): Fault {
  return fault('unreachable', 'SessionCut', `The owner of what ${shortName(id)} leads to cut the connection.`, {
    target: id,
    remedy: 'Connect again: as long as the endpoint is approved the way is open. Ask its owner if it happens again.',
  });
}

export function tooManyConnections(target: string, most: number): Fault {
  return fault('unreachable', 'TooManyConnections', `${most} connections are open through this host, and more it does not take.`, {
    target,
    remedy: 'Close some, pool them, or raise the limit of open files (ulimit -n) and start again.',
  });
}

/** What is wrong with a backend, for people. */
export function downReason(admin: 'None' | 'Up' | 'Down', health: BackendHealth | undefined): string {
  if (admin === 'Down') return 'it is set to Down by its administrator.';
  return health?.reason ?? 'it does not answer its probe.';
}

function portList(ports: readonly number[]): string {
  const sorted = ports.toSorted((a, b) => a - b);
  const shown = sorted.slice(0, 10).map((port) => (port === 0 ? 'all' : String(port)));
  return `port ${shown.join(', ')}${sorted.length > shown.length ? ', …' : ''}`;
}
