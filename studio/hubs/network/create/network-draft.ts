import type { Writing } from '#studio/data/writing.ts';
import { groupSteps, idIn, placeProblems, type Place, type PlaceGround } from './place.ts';
import { addressText, lies, nameProblem, overlaps, parseRange, rangeProblem, type Problems } from './validation.ts';

export interface SubnetDraft {
  readonly key: number;
  readonly name: string;
  readonly range: string;
  /** Private link services take their addresses from it. */
  readonly forServices: boolean;
}

export interface NetworkDraft {
  readonly place: Place;
  /** Parted by commas. */
  readonly spaces: string;
  readonly subnets: readonly SubnetDraft[];
}

/** As in the tutorial: backends, the balancer's frontend, the service's addresses. */
export const firstNetwork: NetworkDraft = {
  place: { group: '', region: '', name: '' },
  spaces: '10.0.0.0/16',
  subnets: [
    { key: 1, name: 'be-subnet', range: '10.0.1.0/24', forServices: false },
    { key: 2, name: 'fe-subnet', range: '10.0.2.0/24', forServices: false },
    { key: 3, name: 'pls-subnet', range: '10.0.3.0/24', forServices: true },
  ],
};

function spacesOf(text: string): readonly string[] {
  return text.split(/[\s,]+/).filter((one) => one !== '');
}

export function networkProblems({ place, spaces, subnets }: NetworkDraft): Problems {
  const named = spacesOf(spaces);
  const ranges = named.flatMap((one) => parseRange(one) ?? []);
  const double = ranges.some((one, at) => ranges.slice(at + 1).some((other) => overlaps(one, other)));
  const first = named.map((one) => rangeProblem(one)).find((one) => one !== undefined);
  return {
    ...placeProblems(place, 64),
    spaces:
      named.length === 0
        ? 'Give the range of its addresses, such as 10.0.0.0/16.'
        : (first ?? (double ? 'Two of the ranges overlap.' : undefined)),
    ...Object.fromEntries(
      subnets.flatMap((one) => [
        [`name ${one.key}`, subnetNameProblem(one, subnets)],
        [`range ${one.key}`, subnetRangeProblem(one, subnets, ranges)],
      ]),
    ),
  };
}

function subnetNameProblem({ key, name }: SubnetDraft, all: readonly SubnetDraft[]): string | undefined {
  const isDouble = all.some((other) => other.key !== key && other.name.trim().toLowerCase() === name.trim().toLowerCase());
  return nameProblem(name.trim()) ?? (isDouble ? 'Two subnets are called so.' : undefined);
}

function subnetRangeProblem(
  { key, range }: SubnetDraft,
  all: readonly SubnetDraft[],
  spaces: NonNullable<ReturnType<typeof parseRange>>[],
): string | undefined {
  const wrong = rangeProblem(range);
  const own = parseRange(range);
  if (wrong !== undefined || own === undefined) return wrong ?? 'Write it as 10.0.1.0/24.';
  if (!spaces.some((space) => lies(own, space))) return 'It does not lie in the address space of the network.';
  const other = all.find((one) => one.key !== key && overlaps(own, parseRange(one.range) ?? { first: -1, last: -1, bits: 0 }));
  return other === undefined ? undefined : `It overlaps ${other.name === '' ? 'another subnet' : other.name}.`;
}

/** The next free range of the size that most subnets have; undefined: there is none. */
export function nextRange({ spaces, subnets }: Pick<NetworkDraft, 'spaces' | 'subnets'>): string | undefined {
  const taken = subnets.flatMap(({ range }) => parseRange(range) ?? []);
  for (const space of spacesOf(spaces).flatMap((one) => parseRange(one) ?? [])) {
    const bits = Math.max(24, space.bits);
    const size = 2 ** (32 - bits);
    for (let first = space.first; first + size - 1 <= space.last; first += size) {
      const range = { first, last: first + size - 1, bits };
      if (!taken.some((one) => overlaps(one, range))) return `${addressText(first)}/${bits}`;
    }
  }
  return undefined;
}

export function networkSteps({ place, spaces, subnets }: NetworkDraft, ground: PlaceGround): readonly Writing[] {
  const name = place.name.trim();
  return [
    ...groupSteps(place, ground),
    {
      title: `Create the virtual network ${name}`,
      method: 'PUT',
      path: idIn(place, 'Microsoft.Network/virtualNetworks', ground),
      body: {
        location: place.region.trim(),
        properties: {
          addressSpace: { addressPrefixes: spacesOf(spaces) },
          subnets: subnets.map((one) => ({
            name: one.name.trim(),
            properties: {
              addressPrefix: one.range.trim(),
              ...(one.forServices && { privateLinkServiceNetworkPolicies: 'Disabled' }),
            },
          })),
        },
      },
    },
  ];
}
