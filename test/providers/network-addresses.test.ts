import fc from 'fast-check';
import { expect, test } from 'vitest';
import { networkScene, type NetworkScene } from './network-scene.ts';

const nicType = 'Microsoft.Network/networkInterfaces';

async function withSubnet(scene: NetworkScene, addressPrefix: string): Promise<string> {
  const network = scene.id('Microsoft.Network/virtualNetworks', 'v');
  const subnets = [{ name: 's', properties: { addressPrefix } }];
  await scene.put(network, { location: 'eastus', properties: { addressSpace: { addressPrefixes: ['10.0.0.0/16'] }, subnets } });
  return `${network}/subnets/s`;
}

const nic = (subnet: string, addresses: readonly (string | undefined)[]): object => ({
  location: 'eastus',
  properties: {
    ipConfigurations: addresses.map((privateIPAddress, i) => ({
      name: `c${i}`,
      properties: {
        subnet: { id: subnet },
        ...(privateIPAddress === undefined ? {} : { privateIPAddress, privateIPAllocationMethod: 'Static' }),
      },
    })),
  },
});

interface Nic {
  readonly name: string;
  readonly properties: {
    readonly provisioningState: string;
    readonly ipConfigurations: readonly { readonly properties: { readonly privateIPAddress: string } }[];
  };
}

/** That were given: one that found the subnet full meanwhile shows what it asked for, and has failed. */
async function addresses(scene: NetworkScene): Promise<Map<string, string[]>> {
  const { value } = (await scene.plane.send('GET', scene.id(nicType, '').slice(0, -1))).body as { readonly value: readonly Nic[] };
  const given = value.filter(({ properties }) => properties.provisioningState !== 'Failed');
  return new Map(
    given.map(({ name, properties }) => [name, properties.ipConfigurations.map((one) => one.properties.privateIPAddress)] as const),
  );
}

test('what is static must be free, in the subnet and not reserved', async () => {
  await using scene = await networkScene();
  const subnet = await withSubnet(scene, '10.0.0.0/28');
  const put = async (name: string, ...wanted: readonly (string | undefined)[]) =>
    (await scene.plane.send('PUT', scene.id(nicType, name), nic(subnet, wanted))).body;
  await put('a', '10.0.0.5');
  expect((await put('b', '10.0.0.5')).error).toMatchObject({
    code: 'PrivateIPAddressInUse',
    message: expect.stringContaining('networkInterfaces/a'),
  });
  expect((await put('b', '10.0.0.6', '10.0.0.6')).error.code).toBe('PrivateIPAddressInUse');
  for (const reserved of ['10.0.0.0', '10.0.0.3', '10.0.0.15'])
    expect((await put('b', reserved)).error.code).toBe('PrivateIPAddressInReservedRange');
  expect((await put('b', '10.0.1.5')).error.code).toBe('PrivateIPAddressNotInSubnet');
  expect((await put('b', '10.0.0')).error.code).toBe('InvalidIPAddress');
  await put('b', undefined, undefined);
  expect((await addresses(scene)).get('b')).toEqual(['10.0.0.4', '10.0.0.6']);
  // What was dynamic stays what it is, whatever else changes, and what it is may be made static.
  await put('b', undefined, '10.0.0.6', undefined);
  expect((await addresses(scene)).get('b')).toEqual(['10.0.0.4', '10.0.0.6', '10.0.0.7']);
  expect((await put('c', ...Array.from({ length: 8 }, () => undefined))).error.code).toBe('SubnetIsFull');
  expect((await scene.plane.send('DELETE', scene.id(nicType, 'a'))).status).toBe(200);
  await put('d', '10.0.0.5');
  await scene.plane.restart();
  expect((await put('e', '10.0.0.4')).error.code).toBe('PrivateIPAddressInUse');
  await put('e', undefined);
  expect((await addresses(scene)).get('e')).toEqual(['10.0.0.8']);
});

const names = ['n0', 'n1', 'n2', 'n3', 'n4', 'n5', 'n6', 'n7', 'n8'];
const step = fc.record({
  name: fc.constantFrom(...names),
  wanted: fc.option(fc.array(fc.option(fc.integer({ min: 4, max: 14 }), { nil: undefined }), { minLength: 1, maxLength: 2 }), {
    nil: undefined,
  }),
});

test(
  'however many ask at the same time: no address is given twice, none that may not be, and each is kept',
  { timeout: 60_000 },
  async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.array(step, { minLength: 1, maxLength: 9 }), { minLength: 1, maxLength: 5 }), async (rounds) => {
        await using scene = await networkScene();
        const subnet = await withSubnet(scene, '10.0.0.0/28');
        let before = new Map<string, string[]>();
        for (const round of rounds) {
          await Promise.all(
            round.map(({ name, wanted }) => {
              const id = scene.id(nicType, name);
              if (wanted === undefined) return scene.plane.send('DELETE', id);
              return scene.plane.send(
                'PUT',
                id,
                nic(
                  subnet,
                  wanted.map((last) => (last === undefined ? undefined : `10.0.0.${last}`)),
                ),
              );
            }),
          );
          const now = await addresses(scene);
          const all = [...now.values()].flat();
          expect(new Set(all).size).toBe(all.length);
          for (const address of all) expect(Number(address.split('.')[3])).toSatisfy((last: number) => last >= 4 && last <= 14);
          const touched = new Set(round.map(({ name }) => name));
          const others = [...before].filter(([name]) => !touched.has(name));
          expect(others.map(([name]) => now.get(name))).toEqual(others.map(([, kept]) => kept));
          before = now;
        }
      }),
      { numRuns: 15, endOnFailure: true },
    );
  },
);
