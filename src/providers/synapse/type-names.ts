import type { ResourceType } from '#arm/resource-type.ts';

export const workspaceType = 'Microsoft.Synapse/workspaces';
export const sqlPoolType: string = `${workspaceType}/sqlPools`;
export const linkConnectionType: string = `${workspaceType}/linkConnections`;

export const versions: ResourceType['versions'] = { floor: '2019-06-01-preview', implemented: '2021-06-01' };
/** Of what is asked for at the workspace itself. */
export const workspacePlaneVersions: ResourceType['versions'] = { floor: '2020-12-01', implemented: '2022-12-01-preview' };
