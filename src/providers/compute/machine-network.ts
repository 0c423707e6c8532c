import type { Json, JsonObject, Resource } from '#arm/resource.ts';
import type { ResourceReader } from '#arm/store.ts';

/** The interfaces of a machine in its order, the primary one first; undefined where one is not there any more. */
export async function machineNetwork(
  machine: Pick<Resource<unknown>, 'properties'>,
  resources: ResourceReader,
): Promise<readonly (Resource | undefined)[]> {
  const found = interfacesOf(machine.properties as JsonObject);
  const ordered = [...found.filter((one) => one.primary), ...found.filter((one) => !one.primary)];
  return await Promise.all(ordered.map((one) => resources.get(one.id)));
}

/** `networkProfile.networkInterfaces`, as asked. */
export function interfacesOf(properties: JsonObject): readonly { readonly id: string; readonly primary: boolean }[] {
  const list = member(member(properties, 'networkProfile'), 'networkInterfaces');
  if (!Array.isArray(list)) return [];
  return (list as readonly Json[]).flatMap((one) => {
    const id = member(one, 'id');
    const primary = member(one, 'primary') ?? member(member(one, 'properties'), 'primary');
    return typeof id === 'string' ? [{ id, primary: primary === true }] : [];
  });
}

/** The addresses of a network interface, as given to it, else as asked for. */
export function addressesOf(network: Resource | undefined): readonly string[] {
  if (network === undefined) return [];
  const given = configurationsOf(network.status.outputs);
  const found = given.length > 0 ? given : configurationsOf(network.properties);
  return found.flatMap((one) => {
    const address = member(one, 'privateIPAddress') ?? member(member(one, 'properties'), 'privateIPAddress');
    return typeof address === 'string' ? [address] : [];
  });
}

function configurationsOf(properties: JsonObject): readonly Json[] {
  const list = member(properties, 'ipConfigurations');
  return Array.isArray(list) ? (list as readonly Json[]) : [];
}

function member(value: Json | undefined, name: string): Json | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  return Object.hasOwn(value, name) ? (value as JsonObject)[name] : undefined;
}
