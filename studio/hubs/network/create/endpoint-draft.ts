import type { Writing } from '#studio/data/writing.ts';
import { groupSteps, idIn, placeProblems, type Place, type PlaceGround } from './place.ts';
import { namesOf, namesProblem, type Problems } from './validation.ts';

export interface EndpointDraft {
  readonly place: Place;
  readonly subnet: string;
  /** The id of a private link service or a database server, or a service's alias. */
  readonly target: string;
  /** Names that are to mean it within its network. */
  readonly names: string;
  readonly message: string;
}

export const firstEndpoint: EndpointDraft = { place: { group: '', region: '', name: '' }, subnet: '', target: '', names: '', message: '' };

/** What an endpoint may lead to, and what of it is meant. */
export const targetGroups: Readonly<Record<string, string>> = {
  'Microsoft.Network/privateLinkServices': '',
  'Microsoft.Sql/servers': 'sqlServer',
  'Microsoft.Sql/managedInstances': 'managedInstance',
  'Microsoft.DBforPostgreSQL/flexibleServers': 'postgresqlServer',
  'Microsoft.DBforMySQL/flexibleServers': 'mysqlServer',
};

const mostMessage = 140;

export function endpointProblems({ place, subnet, target, names, message }: EndpointDraft): Problems {
  return {
    ...placeProblems(place),
    subnet: subnet === '' ? 'Choose the subnet in which it has its address.' : undefined,
    target: targetProblem(target.trim()),
    names: namesProblem(names),
    message: message.length > mostMessage ? `A message has at most ${mostMessage} characters.` : undefined,
  };
}

function targetProblem(target: string): string | undefined {
  if (target === '') return 'Choose what it is to lead to, or paste an id or an alias.';
  if (!target.startsWith('/'))
    return /^[\w-]+\.[\w-]+\./.test(target) ? undefined : 'This is neither an id nor an alias of a private link service.';
  return groupOfTarget(target) === undefined ? 'Endpoints lead to private link services and database servers.' : undefined;
}

/** Undefined: endpoints lead to no resource of its type. */
function groupOfTarget(target: string): string | undefined {
  if (!target.startsWith('/')) return '';
  const key = target.toLowerCase();
  return Object.entries(targetGroups).find(([type]) => key.includes(`/providers/${type.toLowerCase()}/`))?.[1];
}

/** The owner of the target decides: it is asked by hand, with a message. */
export function endpointSteps({ place, subnet, target, names, message }: EndpointDraft, ground: PlaceGround): readonly Writing[] {
  const group = groupOfTarget(target.trim()) ?? '';
  const named = namesOf(names).map((fqdn) => ({ fqdn }));
  return [
    ...groupSteps(place, ground),
    {
      title: `Create the private endpoint ${place.name.trim()}`,
      method: 'PUT',
      path: idIn(place, 'Microsoft.Network/privateEndpoints', ground),
      body: {
        location: place.region.trim(),
        properties: {
          subnet: { id: subnet },
          manualPrivateLinkServiceConnections: [
            {
              name: place.name.trim(),
              properties: {
                privateLinkServiceId: target.trim(),
                ...(group !== '' && { groupIds: [group] }),
                ...(message !== '' && { requestMessage: message }),
              },
            },
          ],
          ...(named.length > 0 && { customDnsConfigs: named }),
        },
      },
    },
  ];
}
