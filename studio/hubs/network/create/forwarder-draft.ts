import type { Writing } from '#studio/data/writing.ts';
import { hostProblem } from '../explain-shape.ts';
import { groupSteps, idIn, placeProblems, type Place, type PlaceGround } from './place.ts';
import { portProblem, type Problems } from './validation.ts';

export interface ForwardDraft {
  readonly key: number;
  readonly port: string;
  readonly host: string;
  readonly toPort: string;
}

export interface ForwarderDraft {
  readonly place: Place;
  readonly subnet: string;
  /** The id of a load balancer's backend pool; empty: it stands behind none. */
  readonly pool: string;
  readonly forwards: readonly ForwardDraft[];
}

export const firstForward: ForwardDraft = { key: 1, port: '1433', host: '', toPort: '1433' };

export const firstForwarder: ForwarderDraft = {
  place: { group: '', region: '', name: '' },
  subnet: '',
  pool: '',
  forwards: [firstForward],
};

export function forwarderProblems({ place, subnet, forwards }: ForwarderDraft): Problems {
  return {
    ...placeProblems(place, 64),
    subnet: subnet === '' ? 'Choose the subnet for its network interface.' : undefined,
    ...Object.fromEntries(
      forwards.flatMap(({ key, port, host, toPort }) => {
        const isDouble = forwards.some((one) => one.key !== key && one.port.trim() === port.trim());
        return [
          [`port ${key}`, portProblem(port) ?? (isDouble ? 'Two rules take this port.' : undefined)],
          [`host ${key}`, hostProblem(host)],
          [`toPort ${key}`, portProblem(toPort)],
        ];
      }),
    ),
  };
}

/** The tutorial's command. */
export function forwardCommand({ port, host, toPort }: ForwardDraft): string {
  return `sudo ./ip_fwd.sh -i eth0 -f ${port.trim()} -a ${host.trim()} -b ${toPort.trim()}`;
}

/** A network interface, a machine on it, and on the machine the commands that forward. */
export function forwarderSteps({ place, subnet, pool, forwards }: ForwarderDraft, ground: PlaceGround): readonly Writing[] {
  const name = place.name.trim();
  const location = place.region.trim();
  const card = idIn({ ...place, name: `${name}-nic` }, 'Microsoft.Network/networkInterfaces', ground);
  const machine = idIn(place, 'Microsoft.Compute/virtualMachines', ground);
  const pools = pool === '' ? [] : [{ id: pool }];
  return [
    ...groupSteps(place, ground),
    {
      title: `Create the network interface ${name}-nic`,
      method: 'PUT',
      path: card,
      body: {
        location,
        properties: {
          ipConfigurations: [
            {
              name: 'ipconfig1',
              properties: { subnet: { id: subnet }, ...(pools.length > 0 && { loadBalancerBackendAddressPools: pools }) },
            },
          ],
        },
      },
    },
    {
      title: `Create the forwarder ${name}`,
      method: 'PUT',
      path: machine,
      body: { location, properties: { networkProfile: { networkInterfaces: [{ id: card, properties: { primary: true } }] } } },
    },
    ...(forwards.length === 0
      ? []
      : [
          {
            title: `Forward ${forwards.map(({ port }) => port.trim()).join(', ')} on ${name}`,
            method: 'POST' as const,
            path: `${machine}/runCommand`,
            body: { commandId: 'RunShellScript', script: forwards.map(forwardCommand) },
          },
        ]),
  ];
}
