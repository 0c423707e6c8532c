import type { Writing } from '#studio/data/writing.ts';
import { groupSteps, idIn, placeProblems, type Place, type PlaceGround } from './place.ts';
import { namesOf, namesProblem, wholeProblem, type Problems } from './validation.ts';

export interface ServiceDraft {
  readonly place: Place;
  /** The id of a load balancer's frontend. */
  readonly frontend: string;
  /** The id of the subnet from which its addresses come. */
  readonly subnet: string;
  readonly proxyProtocol: boolean;
  /** Names that databases behind it have: they mean endpoints that lead here. */
  readonly names: string;
  /** So many people approve; empty: one. */
  readonly approvers: string;
  /** After so many days an approval ends; empty: it does not. */
  readonly days: string;
}

export const firstService: ServiceDraft = {
  place: { group: '', region: '', name: '' },
  frontend: '',
  subnet: '',
  proxyProtocol: false,
  names: '',
  approvers: '',
  days: '',
};

export function serviceProblems({ place, frontend, subnet, names, approvers, days }: ServiceDraft): Problems {
  return {
    ...placeProblems(place),
    frontend: frontend === '' ? 'Choose the frontend that it stands in front of.' : undefined,
    subnet: subnet === '' ? 'Choose the subnet for its addresses.' : undefined,
    names: namesProblem(names),
    approvers: approvers === '' ? undefined : wholeProblem(approvers, 1, 20),
    days: days === '' ? undefined : wholeProblem(days, 1, 3_660),
  };
}

export function serviceSteps(
  { place, frontend, subnet, proxyProtocol, names, approvers, days }: ServiceDraft,
  ground: PlaceGround,
): readonly Writing[] {
  const policy = [approvers !== '' && `approvers=${Number(approvers)}`, days !== '' && `expires=P${Number(days)}D`].filter(
    (one) => one !== false,
  );
  return [
    ...groupSteps(place, ground),
    {
      title: `Create the private link service ${place.name.trim()}`,
      method: 'PUT',
      path: idIn(place, 'Microsoft.Network/privateLinkServices', ground),
      body: {
        location: place.region.trim(),
        ...(policy.length > 0 && { tags: { 'hidden-approval': policy.join('; ') } }),
        properties: {
          loadBalancerFrontendIpConfigurations: [{ id: frontend }],
          ipConfigurations: [{ name: 'nat', properties: { subnet: { id: subnet }, primary: true } }],
          enableProxyProtocol: proxyProtocol,
          fqdns: namesOf(names),
        },
      },
    },
  ];
}
