import type { Writing } from '#studio/data/writing.ts';
import { groupSteps, idIn, placeProblems, type Place, type PlaceGround } from './place.ts';
import { addressNumber, nameProblem, portProblem, wholeProblem, type Problems } from './validation.ts';

export interface RuleDraft {
  readonly key: number;
  readonly name: string;
  readonly port: string;
  readonly backendPort: string;
  readonly idleMinutes: string;
  readonly tcpReset: boolean;
}

export interface BalancerDraft {
  readonly place: Place;
  readonly frontend: string;
  /** An id. */
  readonly subnet: string;
  /** Empty: any. */
  readonly address: string;
  readonly isZoneRedundant: boolean;
  readonly pool: string;
  readonly probe: string;
  readonly protocol: 'Tcp' | 'Http' | 'Https';
  readonly probePort: string;
  readonly requestPath: string;
  readonly intervalSeconds: string;
  readonly threshold: string;
  readonly rules: readonly RuleDraft[];
}

export const firstRule: RuleDraft = { key: 1, name: 'myRule', port: '1433', backendPort: '1433', idleMinutes: '15', tcpReset: false };

/** With the tutorial's numbers. */
export const firstBalancer: BalancerDraft = {
  place: { group: '', region: '', name: '' },
  frontend: 'LoadBalancerFrontEnd',
  subnet: '',
  address: '',
  isZoneRedundant: true,
  pool: 'myBackendPool',
  probe: 'myHealthProbe',
  protocol: 'Tcp',
  probePort: '22',
  requestPath: '/',
  intervalSeconds: '15',
  threshold: '2',
  rules: [firstRule],
};

export function balancerProblems(draft: BalancerDraft): Problems {
  const { place, frontend, subnet, address, pool, probe, protocol, probePort, requestPath, intervalSeconds, threshold, rules } = draft;
  return {
    ...placeProblems(place),
    frontend: nameProblem(frontend.trim()),
    subnet: subnet === '' ? 'Choose the subnet of the frontend.' : undefined,
    address: address.trim() === '' || addressNumber(address.trim()) !== undefined ? undefined : 'Write it as 10.0.2.10, or leave it empty.',
    pool: nameProblem(pool.trim()),
    probe: nameProblem(probe.trim()),
    probePort: portProblem(probePort),
    requestPath: protocol === 'Tcp' || requestPath.startsWith('/') ? undefined : 'It begins with a slash.',
    intervalSeconds: wholeProblem(intervalSeconds, 5, 2_147_483_646),
    threshold: wholeProblem(threshold, 1, 100),
    rules: rules.length === 0 ? 'Without a rule it passes nothing on.' : undefined,
    ...Object.fromEntries(
      rules.flatMap((one) => [
        [`name ${one.key}`, doubled(one, rules, 'name', 'Two rules are called so.') ?? nameProblem(one.name.trim())],
        [`port ${one.key}`, portProblem(one.port) ?? doubled(one, rules, 'port', 'Another rule takes this port.')],
        [`backendPort ${one.key}`, portProblem(one.backendPort)],
        [`idleMinutes ${one.key}`, wholeProblem(one.idleMinutes, 4, 100)],
      ]),
    ),
  };
}

function doubled(rule: RuleDraft, all: readonly RuleDraft[], member: 'name' | 'port', says: string): string | undefined {
  const own = rule[member].trim().toLowerCase();
  return own !== '' && all.some((one) => one.key !== rule.key && one[member].trim().toLowerCase() === own) ? says : undefined;
}

export function balancerSteps(draft: BalancerDraft, ground: PlaceGround): readonly Writing[] {
  const { place, subnet, address, isZoneRedundant, protocol } = draft;
  const path = idIn(place, 'Microsoft.Network/loadBalancers', ground);
  const part = (word: string, name: string) => ({ id: `${path}/${word}/${name.trim()}` });
  const where =
    address.trim() === ''
      ? { privateIPAllocationMethod: 'Dynamic' }
      : { privateIPAllocationMethod: 'Static', privateIPAddress: address.trim() };
  return [
    ...groupSteps(place, ground),
    {
      title: `Create the load balancer ${place.name.trim()}`,
      method: 'PUT',
      path,
      body: {
        location: place.region.trim(),
        sku: { name: 'Standard' },
        properties: {
          frontendIPConfigurations: [
            {
              name: draft.frontend.trim(),
              ...(isZoneRedundant && { zones: ['1', '2', '3'] }),
              properties: { subnet: { id: subnet }, ...where },
            },
          ],
          backendAddressPools: [{ name: draft.pool.trim() }],
          probes: [
            {
              name: draft.probe.trim(),
              properties: {
                protocol,
                port: Number(draft.probePort),
                ...(protocol !== 'Tcp' && { requestPath: draft.requestPath }),
                intervalInSeconds: Number(draft.intervalSeconds),
                numberOfProbes: Number(draft.threshold),
              },
            },
          ],
          loadBalancingRules: draft.rules.map((rule) => ({
            name: rule.name.trim(),
            properties: {
              frontendIPConfiguration: part('frontendIPConfigurations', draft.frontend),
              backendAddressPool: part('backendAddressPools', draft.pool),
              probe: part('probes', draft.probe),
              protocol: 'Tcp',
              frontendPort: Number(rule.port),
              backendPort: Number(rule.backendPort),
              idleTimeoutInMinutes: Number(rule.idleMinutes),
              enableTcpReset: rule.tcpReset,
            },
          })),
        },
      },
    },
  ];
}
