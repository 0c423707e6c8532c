import type { IdReference, IpConfiguration } from './ip-configuration.ts';

export interface InterfaceConfiguration extends IpConfiguration {
  readonly properties: IpConfiguration['properties'] & {
    readonly primary: boolean;
    readonly loadBalancerBackendAddressPools: readonly IdReference[];
  };
}

export interface NetworkInterfaceProperties {
  readonly ipConfigurations: readonly InterfaceConfiguration[];
  readonly enableIPForwarding: boolean;
  readonly enableAcceleratedNetworking: boolean;
}
