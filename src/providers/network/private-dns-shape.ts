import type { IdReference } from './ip-configuration.ts';

export interface AddressRecordProperties {
  readonly ttl: number;
  readonly aRecords: readonly { readonly ipv4Address: string }[];
  readonly metadata?: Readonly<Record<string, string>> | undefined;
}

export interface ZoneLinkProperties {
  readonly virtualNetwork: IdReference;
  readonly registrationEnabled: boolean;
}

export interface ZoneGroupProperties {
  readonly privateDnsZoneConfigs: readonly { readonly name: string; readonly properties: { readonly privateDnsZoneId: string } }[];
}

/** The name of a target in a zone: of `srv.database.windows.net` in `privatelink.database.windows.net` that is `srv`. */
export function recordName(fqdn: string, zone: string): string {
  const end = zone.toLowerCase().replace(/^privatelink\./, '.');
  const name = fqdn.toLowerCase();
  return name.endsWith(end) && name.length > end.length ? name.slice(0, -end.length) : name.split('.')[0]!;
}
