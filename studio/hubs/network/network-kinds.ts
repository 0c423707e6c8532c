/** Types of resources that this hub is about, as people call them. */
export const networkKinds: readonly { readonly type: string; readonly text: string }[] = [
  { type: 'Microsoft.Network/virtualNetworks', text: 'Virtual network' },
  { type: 'Microsoft.Network/loadBalancers', text: 'Load balancer' },
  { type: 'Microsoft.Network/privateLinkServices', text: 'Private link service' },
  { type: 'Microsoft.Compute/virtualMachines', text: 'Forwarder' },
  { type: 'Microsoft.Network/networkInterfaces', text: 'Network interface' },
  { type: 'Microsoft.Network/privateEndpoints', text: 'Private endpoint' },
  { type: 'Microsoft.Network/privateDnsZones', text: 'Private DNS zone' },
  { type: 'Microsoft.Sql/servers', text: 'SQL server' },
  { type: 'Microsoft.Sql/managedInstances', text: 'SQL managed instance' },
  { type: 'Microsoft.DBforPostgreSQL/flexibleServers', text: 'PostgreSQL server' },
  { type: 'Microsoft.DBforMySQL/flexibleServers', text: 'MySQL server' },
];
