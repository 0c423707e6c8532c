import { expect, test } from 'vitest';
import { itemLabel, memberLabel, referenceLabel, typeWord } from './member-label.ts';

test('names of members for people', () => {
  expect(memberLabel('addressPrefixes')).toBe('Address prefixes');
  expect(memberLabel('privateIPAddress')).toBe('Private IP address');
  expect(memberLabel('privateIPAddressVersion')).toBe('Private IP address version');
  expect(memberLabel('minimalTlsVersion')).toBe('Minimal TLS version');
  expect(memberLabel('frontendIPConfigurations')).toBe('Frontend IP configurations');
  expect(memberLabel('id')).toBe('Id');
  expect(referenceLabel('privateLinkServiceId')).toBe('Private link service');
  expect(referenceLabel('subnet')).toBe('Subnet');
  expect(itemLabel('addressPrefixes')).toBe('Address prefix');
  expect(itemLabel('subnets')).toBe('Subnet');
  expect(itemLabel('policies')).toBe('Policy');
  expect(itemLabel('address')).toBe('Address');
  expect(typeWord('Microsoft.Network/virtualNetworks/subnets')).toBe('subnet');
  expect(typeWord('Microsoft.Synapse/workspaces/sqlPools')).toBe('SQL pool');
});
