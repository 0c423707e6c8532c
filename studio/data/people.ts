import { objectOf, textOf } from '#arm/client-answer.ts';
import { keyOf } from '#arm/resource-id.ts';
import { useArmList, type ShownResource } from './queries.ts';
import { useSession } from './session.ts';

export const principalType = 'Isthmus.Identity/servicePrincipals';

/** Names of people and programs by their ids. Who may not read them sees ids. */
export type NameOf = (id: string | undefined) => string | undefined;

export function useNames(): NameOf {
  const { principal } = useSession();
  const { data } = useArmList(`/providers/${principalType}`, { watch: { types: [principalType] } });
  const names = namesOf(data ?? []);
  return (id) => {
    if (id === undefined || id === '') return undefined;
    if (keyOf(id) === keyOf(principal.id)) return `${principal.name} (you)`;
    return names.get(keyOf(id)) ?? id;
  };
}

function namesOf(all: readonly ShownResource[]): ReadonlyMap<string, string> {
  return new Map(
    all.flatMap(({ name, properties }) => {
      const id = textOf(objectOf(properties)['principalId']);
      return id === undefined ? [] : [[keyOf(id), name] as const];
    }),
  );
}
