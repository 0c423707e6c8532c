/** Where the Studio shows a resource: its id behind `/resource`. */
export function resourceAddress(id: string): string {
  return `/resource${id.split('/').map(encodeURIComponent).join('/')}`;
}

/** `virtualNetworks/subnets` of `Microsoft.Network/virtualNetworks/subnets`: enough for people. */
export function shortType(type: string): string {
  return type.slice(type.indexOf('/') + 1);
}

/** The group's name in an id; undefined: it lies in none. */
export function groupOf(id: string): string | undefined {
  return /\/resourceGroups\/([^/]+)/i.exec(id)?.[1];
}
