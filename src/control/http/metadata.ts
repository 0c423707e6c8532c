import type { Json } from '#arm/resource.ts';

/** Names behind which services are found; each is a host's ending, without a dot in front. */
export interface Suffixes {
  readonly sqlServerHostname: string;
  readonly synapseAnalytics: string;
}

/**
 * `GET /metadata/endpoints`: how a client learns where everything is, before it has a token. Up to 2015-01-01 one object; later a list of
 * clouds, of which this is the only one. The login endpoint ends in `adfs`: `az` would look any other one up at Microsoft's.
 */
export function cloudMetadata(base: string, version: string | undefined, tenant: string, suffixes: Suffixes): Json {
  const loginEndpoint = `${base}/adfs`;
  // The first is the one that `az` asks tokens for.
  const audiences = [base, 'https://management.azure.com', 'https://management.core.windows.net/'];
  if (version === undefined || version.slice(0, 10) <= '2018-05-01') {
    return {
      galleryEndpoint: `${base}/`,
      graphEndpoint: `${base}/`,
      portalEndpoint: `${base}/studio/`,
      authentication: { loginEndpoint, audiences },
    };
  }
  return [
    {
      name: 'Isthmus',
      portal: `${base}/studio/`,
      authentication: { loginEndpoint, audiences, tenant, identityProvider: 'ADFS' },
      resourceManager: base,
      media: base,
      graphAudience: base,
      graph: base,
      gallery: base,
      batch: base,
      sqlManagement: base,
      vmImageAliasDoc: `${base}/metadata/images`,
      activeDirectoryDataLake: base,
      suffixes: {
        sqlServerHostname: suffixes.sqlServerHostname,
        // Clients put a workspace's name in front and nothing behind.
        synapseAnalytics: `${suffixes.synapseAnalytics}${/:\d+$/.exec(base)?.[0] ?? ''}`,
        keyVaultDns: `vault.${suffixes.synapseAnalytics}`,
        storage: `storage.${suffixes.synapseAnalytics}`,
        acrLoginServer: `registry.${suffixes.synapseAnalytics}`,
      },
    },
  ];
}
