import { expect, test } from 'vitest';
import { uplinkOf } from './uplink-options.ts';

test('none is asked for, or one', () => {
  expect(uplinkOf({ engine: 'userspace', uplinkAddress: [] })).toBeUndefined();
  expect(uplinkOf({ engine: 'kernel', uplink: 'eth1', uplinkAddress: ['10.0.0.7/24'], uplinkGateway: '10.0.0.1' })).toEqual({
    device: 'eth1',
    addresses: ['10.0.0.7/24'],
    gateway: '10.0.0.1',
  });
});

test.for([
  [{ engine: 'kernel', uplinkAddress: ['10.0.0.7/24'] }, 'BadConfig', '--uplink'],
  [{ engine: 'userspace', uplink: 'eth1', uplinkAddress: ['10.0.0.7/24'] }, 'BadConfig', '--engine kernel'],
  [{ engine: 'auto', uplink: 'eth1', uplinkAddress: [] }, 'BadUplink', '--uplink-address'],
] as const)('%o is refused', ([options, code, remedy]) => {
  expect(() => uplinkOf(options)).toThrow(expect.objectContaining({ code, remedy: expect.stringContaining(remedy) }));
});
