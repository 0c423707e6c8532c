import type { Resource } from '#arm/resource.ts';

/** Names that clients know a target by: those its owner gave a private link service, or a server's own. */
export function targetNames({ properties, status }: Pick<Resource, 'properties' | 'status'>): readonly string[] {
  const given = properties['fqdns'];
  const own = status.outputs['fullyQualifiedDomainName'] ?? properties['fullyQualifiedDomainName'];
  const names = Array.isArray(given) ? (given as readonly string[]) : [];
  return typeof own === 'string' ? [...names, own] : names;
}

/** `name` or `name,port`, as a name within a segment. */
export function endpointName(text: string): { readonly name: string; readonly port: number | undefined } {
  const [name = '', port] = text.split(',');
  return { name: name.toLowerCase(), port: port === undefined ? undefined : Number(port) };
}
