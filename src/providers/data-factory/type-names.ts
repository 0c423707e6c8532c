import type { ResourceType } from '#arm/resource-type.ts';

export const factoryType = 'Microsoft.DataFactory/factories';
export const managedNetworkType: string = `${factoryType}/managedVirtualNetworks`;
export const managedEndpointType: string = `${managedNetworkType}/managedPrivateEndpoints`;
export const integrationRuntimeType: string = `${factoryType}/integrationRuntimes`;
/** Small letters, as Azure's own clients write it. */
export const linkedServiceType: string = `${factoryType}/linkedservices`;

export const versions = { floor: '2017-09-01-preview', implemented: '2018-06-01' };

/** The only managed virtual network that a factory may have. */
export const onlyNetwork = 'default';
/** The integration runtime that every factory has. */
export const autoResolve = 'AutoResolveIntegrationRuntime';

/** Azure's clients take no other success here. */
export const answers: ResourceType['answers'] = { created: 200, replaced: 200, deleted: 200, deleting: 200 };
