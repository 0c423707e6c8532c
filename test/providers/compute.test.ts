import { expect, test } from 'vitest';
import { z } from 'zod';
import { resourceType, type AnyType } from '#arm/resource-type.ts';
import type { JsonObject } from '#arm/resource.ts';
import type { Counter } from '#fabric/engine.ts';
import { computeTypes } from '#providers/compute/compute-types.ts';
import type { ComputeOptions } from '#providers/compute/compute-options.ts';
import { group, providerScene, type ProviderScene, type Sent } from './provider-scene.ts';

const nicId = (name: string): string => `${group}/providers/Microsoft.Network/networkInterfaces/${name}`;
const vmId = (name: string): string => `${group}/providers/Microsoft.Compute/virtualMachines/${name}`;

/** Interfaces as machines know them: they have addresses, and may be referred to. */
const interfaces: AnyType = resourceType<JsonObject>({
  type: 'Microsoft.Network/networkInterfaces',
  summary: 'An interface',
  versions: { floor: '2018-11-01', implemented: '2025-05-01' },
  properties: z.looseObject({}) as unknown as z.ZodType<JsonObject>,
});

function machineBody(...nics: readonly string[]): object {
  return {
    location: 'eastus',
    zones: ['1'],
    properties: {
      hardwareProfile: { vmSize: 'Standard_B2s' },
      storageProfile: { imageReference: { publisher: 'Canonical', offer: 'UbuntuServer', sku: '18.04-LTS', version: 'latest' } },
      osProfile: { computerName: 'myVM1', adminUsername: 'azureuser', adminPassword: 'Sup3r-secret!', customData: 'c2VjcmV0LWRhdGE=' },
      networkProfile: { networkInterfaces: nics.map((name, i) => ({ id: nicId(name), properties: { primary: i === 0 } })) },
    },
  };
}

interface MachineScene extends ProviderScene {
  run(...script: readonly string[]): Promise<Sent>;
  /** Standard output of a script that succeeded. */
  output(...script: readonly string[]): Promise<string>;
}

async function machineScene(options: Partial<ComputeOptions> = {}): Promise<MachineScene> {
  const scene = await providerScene(({ writer }) => [interfaces, ...computeTypes({ writer, ...options })]);
  for (const [name, address] of [
    ['nic1', '10.0.1.4'],
    ['nic2', '10.0.1.5'],
  ] as const) {
    const ipConfigurations = [{ name: 'ip', properties: { privateIPAddress: address } }];
    expect((await scene.send('PUT', nicId(name), { location: 'eastus', properties: { ipConfigurations } })).status).toBe(201);
  }
  const made = await scene.send('PUT', vmId('myVM1'), machineBody('nic1'));
  expect(made).toMatchObject({ status: 201, body: { properties: { provisioningState: 'Succeeded' } } });
  const run = (...script: readonly string[]): Promise<Sent> =>
    scene.send('POST', `${vmId('myVM1')}/runCommand`, { commandId: 'RunShellScript', script });
  return Object.assign(scene, {
    run,
    output: async (...script: readonly string[]) => {
      const { status, body } = await run(...script);
      const [, out] = /^Enable succeeded: \n\[stdout\]\n(.*)\n\[stderr\]\n$/s.exec(body?.value?.[0]?.message) ?? [];
      expect({ status, out, body }).toMatchObject({ status: 200, out: expect.any(String) });
      return out!;
    },
  });
}

async function powerOf(scene: ProviderScene): Promise<string> {
  const { body } = await scene.send('GET', vmId('myVM1'));
  return body.properties.instanceView.statuses.at(-1).code;
}

async function rulesOf(scene: ProviderScene): Promise<unknown> {
  const { body } = await scene.send('GET', `${vmId('myVM1')}/forwardingRules`);
  return body.value.map(({ properties }: { properties: { port: number; host: string; toPort: number } }) => {
    const { port, host, toPort } = properties;
    return `${port} -> ${host}:${toPort}`;
  });
}

test('a machine is shown as Azure shows it, without its secrets', async () => {
  await using scene = await machineScene();
  const { status, body, text } = await scene.send('GET', `${vmId('MYVM1')}?$expand=instanceView`);
  expect(status).toBe(200);
  expect(body).toMatchObject({
    id: vmId('myVM1'),
    zones: ['1'],
    properties: {
      vmId: expect.stringMatching(/^[0-9a-f-]{36}$/),
      hardwareProfile: { vmSize: 'Standard_B2s' },
      osProfile: { adminUsername: 'azureuser' },
      networkProfile: { networkInterfaces: [{ id: nicId('nic1') }] },
      instanceView: { statuses: [{ code: 'ProvisioningState/succeeded' }, { code: 'PowerState/running' }] },
      forwarding: [],
    },
  });
  expect((await scene.send('GET', `${vmId('myvm1')}/instanceview`)).body).toEqual(body.properties.instanceView);
  expect((await scene.send('GET', `${vmId('myVM9')}/instanceView`)).status).toBe(404);
  expect(text).not.toMatch(/Sup3r|c2VjcmV0|sealed|powerWish|powerChange/);
  expect(JSON.stringify(await scene.store.get(vmId('myVM1')))).not.toContain('Sup3r');
});

test('an interface belongs to one machine', async () => {
  await using scene = await machineScene();
  const put = (name: string, ...nics: readonly string[]): Promise<Sent> => scene.send('PUT', vmId(name), machineBody(...nics));
  expect(await put('myVM2', 'nic1')).toMatchObject({ status: 400, body: { error: { code: 'NicInUse' } } });
  expect(await put('myVM2', 'nic2', 'NIC2')).toMatchObject({ status: 400, body: { error: { code: 'InvalidParameter' } } });
  expect(await put('myVM2', 'nic9')).toMatchObject({ status: 400, body: { error: { code: 'InvalidResourceReference' } } });
  expect(await put('myVM2')).toMatchObject({ status: 400, body: { error: { code: 'InvalidRequestFormat' } } });
  expect(await put('myVM2', 'nic2')).toMatchObject({ status: 201 });
  expect(await scene.send('DELETE', nicId('nic2'))).toMatchObject({ status: 409 });
  expect((await scene.send('DELETE', vmId('myVM2'))).status).toBe(202);
  expect((await scene.send('DELETE', vmId('myVM2'))).status).toBe(204);
  expect((await scene.send('DELETE', nicId('nic2'))).status).toBe(200);
});

test('power: what was asked last is true, and stays over PUTs and restarts of the program', async () => {
  await using scene = await machineScene();
  const act = async (name: string): Promise<Sent> => await scene.send('POST', `${vmId('myVM1')}/${name}`);
  expect((await act('powerOff?skipShutdown=true')).status).toBe(200);
  expect(await powerOf(scene)).toBe('PowerState/stopped');
  expect((await act('deallocate')).status).toBe(200);
  expect(await powerOf(scene)).toBe('PowerState/deallocated');
  expect(await act('restart')).toMatchObject({ status: 409, body: { error: { code: 'OperationNotAllowed' } } });
  expect(await scene.run('sysctl net.ipv4.ip_forward')).toMatchObject({ status: 409, body: { error: { code: 'OperationNotAllowed' } } });
  expect(await scene.send('PUT', vmId('myVM1'), machineBody('nic1'))).toMatchObject({ status: 200 });
  expect(await scene.send('PATCH', vmId('myVM1'), { tags: { a: 'b' } })).toMatchObject({ status: 200 });
  expect(await powerOf(scene)).toBe('PowerState/deallocated');
  await scene.restart();
  expect(await powerOf(scene)).toBe('PowerState/deallocated');
  expect((await act('start')).status).toBe(200);
  expect(await powerOf(scene)).toBe('PowerState/running');
  expect((await act('restart')).status).toBe(200);
  expect(await powerOf(scene)).toBe('PowerState/running');
});

test('a restart ends what passes: the network sees the machine away in between', async () => {
  const seen: unknown[] = [];
  const plan = { current: async (_: unknown, outputs?: JsonObject) => void (outputs && seen.push(outputs['powerState'])) };
  await using scene = await machineScene({ plan });
  await scene.output('sudo ./ip_fwd.sh -i eth0 -f 1433 -a sql.example.net -b 1433');
  seen.length = 0;
  expect((await scene.send('POST', `${vmId('myVM1')}/restart`)).status).toBe(200);
  expect(seen.filter((one, i) => one !== seen[i - 1]).slice(-2)).toEqual(['starting', 'running']);
  expect(await rulesOf(scene)).toEqual(['1433 -> sql.example.net:1433']);
});

test('the tutorial: ip_fwd.sh makes a rule, iptables shows it with its counters', async () => {
  const counters: Counter[] = [];
  await using scene = await machineScene({ counters: () => counters, addresses: (host) => (host.startsWith('mi') ? ['10.9.0.7'] : []) });
  const out = await scene.output('sudo ./ip_fwd.sh -i eth0 -f 1433 -a MI.abc.database.example.net -b 1433');
  expect(out).toContain('Installing DNAT rule 10.0.1.4:1433 -> mi.abc.database.example.net:1433');
  await scene.output('sudo ./ip_fwd.sh -i eth0 -f 1434 -a 10.2.0.9 -b 1433');
  expect(await scene.send('GET', vmId('myVM1'))).toMatchObject({
    body: { properties: { forwarding: [{ port: 1433, host: 'mi.abc.database.example.net', toPort: 1433 }, { port: 1434 }] } },
  });
  const usual = { of: 'forward', open: 0, refused: 0, connects: 7, connectMs: 9 } as const;
  counters.push({ ...usual, id: `${vmId('myVM1').toLowerCase()}#1433`, connections: 7, bytesIn: 4_000_000, bytesOut: 200_000 });
  expect(await scene.output('sudo iptables -t nat -v -L PREROUTING -n --line-number')).toBe(
    [
      'Chain PREROUTING (policy ACCEPT 0 packets, 0 bytes)',
      'num   pkts bytes target     prot opt in     out     source               destination         ',
      '1        7 4200K DNAT       tcp  --  eth0   *       0.0.0.0/0            0.0.0.0/0            tcp dpt:1433 /* mi.abc.database.example.net */ to:10.9.0.7:1433',
      '2        0     0 DNAT       tcp  --  eth0   *       0.0.0.0/0            0.0.0.0/0            tcp dpt:1434 to:10.2.0.9:1433',
      '',
    ].join('\n'),
  );
});

test('rules: the same again changes nothing, another target replaces and says so, they can be taken away', async () => {
  await using scene = await machineScene();
  const forward = './ip_fwd.sh -i eth0 -f 1433 -b 1433 -a';
  await scene.output(`${forward} one.example`);
  const before = await scene.store.get(`${vmId('myVM1')}/forwardingRules/1433`);
  expect(await scene.output(`${forward} one.example`)).toContain('already installed, skipping');
  expect((await scene.store.get(`${vmId('myVM1')}/forwardingRules/1433`))?.etag).toBe(before?.etag);
  expect(await scene.output(`${forward} two.example`)).toContain('Replacing DNAT rule 10.0.1.4:1433 -> one.example:1433');
  expect(await rulesOf(scene)).toEqual(['1433 -> two.example:1433']);
  expect(await scene.output(`${forward} one.example -r`)).toContain('is not present');
  expect(await rulesOf(scene)).toEqual(['1433 -> two.example:1433']);
  await scene.output('./ip_fwd.sh -i eth0 -f 1434 -a 10.2.0.9 -b 1433');
  await scene.restart();
  expect(await rulesOf(scene)).toEqual(['1433 -> two.example:1433', '1434 -> 10.2.0.9:1433']);
  await scene.output('sudo iptables -t nat -D PREROUTING 1');
  expect(await rulesOf(scene)).toEqual(['1434 -> 10.2.0.9:1433']);
  await scene.output('iptables -t nat -F');
  expect(await rulesOf(scene)).toEqual([]);
});

test('a script is refused as a whole, or goes on after what failed unless it says otherwise', async () => {
  await using scene = await machineScene();
  const refused = await scene.run('./ip_fwd.sh -i eth0 -f 1433 -a one.example -b 1433', 'rm -rf /');
  expect(refused).toMatchObject({ status: 200, body: { value: [{ code: 'ProvisioningState/failed', level: 'Error' }] } });
  expect(refused.body.value[0].message).toMatch(/exit status=127\n\[stdout\]\n\n\[stderr\]\nline 2: 'rm': there is no such command/);
  expect(await rulesOf(scene)).toEqual([]);
  const odd = await scene.run('iptables -t nat -D PREROUTING 3', 'sysctl -n net.ipv4.ip_forward');
  expect(odd.body.value[0].message).toBe('Enable succeeded: \n[stdout]\n1\n\n[stderr]\niptables: Index of deletion too big.\n');
  const strict = await scene.run('set -e', './ip_fwd.sh -i eth7 -f 1 -a a.example -b 1', 'sysctl net.ipv4.ip_forward');
  expect(strict.body.value[0].message).toContain('exit status=1\n[stdout]\n\n[stderr]\nDevice "eth7" does not exist.');
  const loop = await scene.run('./ip_fwd.sh -i eth0 -f 1433 -a 10.0.1.4 -b 1433');
  expect(loop.body.value[0].message).toContain('ERROR: 10.0.1.4 is an address of the machine');
});

test.each([
  [{ commandId: 'RunPowerShellScript', script: ['dir'] }, 'InvalidParameter'],
  [{ commandId: 'RunShellScript', script: 'ls' }, 'InvalidRequestFormat'],
  [{ commandId: 'RunShellScript', script: [], parameters: [{ name: 'a', value: 'b' }] }, 'InvalidRequestFormat'],
  [{}, 'InvalidRequestFormat'],
])('the command %j is refused', async (body, code) => {
  await using scene = await machineScene();
  expect(await scene.send('POST', `${vmId('myVM1')}/runCommand`, body)).toMatchObject({ status: 400, body: { error: { code } } });
});

test('rules can be written as resources', async () => {
  await using scene = await machineScene();
  const rule = `${vmId('myVM1')}/forwardingRules/5432`;
  const made = await scene.send('PUT', rule, { properties: { host: 'DB.example.', toPort: 5432 } });
  expect(made).toMatchObject({ status: 201, body: { name: '5432', properties: { port: 5432, host: 'db.example', device: 'eth0' } } });
  expect(await scene.output('iptables -t nat -L PREROUTING -n')).toContain('tcp dpt:5432 to:db.example:5432');
  expect((await scene.send('DELETE', rule)).status).toBe(200);
});

test.each([
  ['70000', { host: 'db.example', toPort: 1 }, 'InvalidResourceName'],
  ['0', { host: 'db.example', toPort: 1 }, 'InvalidResourceName'],
  ['1433', { host: 'db example', toPort: 1 }, 'InvalidRequestFormat'],
  ['1433', { host: '0.0.0.0', toPort: 1 }, 'InvalidRequestFormat'],
  ['1433', { host: 'db.example', toPort: 0 }, 'InvalidRequestFormat'],
  ['1433', { host: 'db.example', toPort: 1, device: 'eth3' }, 'NoSuchInterface'],
  ['1433', { host: '10.0.1.4', toPort: 1 }, 'ForwardsToItself'],
])('the rule %s %j is refused', async (name, properties, code) => {
  await using scene = await machineScene();
  const sent = await scene.send('PUT', `${vmId('myVM1')}/forwardingRules/${name}`, { properties });
  expect(sent).toMatchObject({ status: 400, body: { error: { code, message: expect.stringMatching(/\.$/) } } });
});

test('images are there, as az looks for them: a list with nothing around it', async () => {
  await using scene = await machineScene();
  const sku = `${group.split('/resourceGroups')[0]}/providers/Microsoft.Compute/locations/eastus/publishers/Canonical/artifacttypes/vmimage/offers/UbuntuServer/skus/18.04-LTS`;
  const { status, body } = await scene.send('GET', `${sku}/versions?$orderby=name%20desc&$top=1`);
  expect({ status, body }).toMatchObject({ status: 200, body: [{ name: '1.0.0', location: 'eastus', id: `${sku}/versions/1.0.0` }] });
  expect(await scene.send('GET', body[0].id)).toMatchObject({
    status: 200,
    body: { location: 'eastus', properties: { osDiskImage: { operatingSystem: 'Linux' } } },
  });
  expect((await scene.send('PUT', body[0].id, {})).status).toBe(405);
});

test('an interface that a rule uses is not taken away', async () => {
  await using scene = await machineScene();
  const put = (...nics: readonly string[]): Promise<Sent> => scene.send('PUT', vmId('myVM1'), machineBody(...nics));
  expect((await put('nic1', 'nic2')).status).toBe(200);
  expect(await scene.output('./ip_fwd.sh -i eth1 -f 1433 -a a.example -b 1433')).toContain('10.0.1.5:1433 -> a.example:1433');
  expect(await put('nic1')).toMatchObject({ status: 400, body: { error: { code: 'NicInUse', message: expect.stringContaining('eth1') } } });
  await scene.output('iptables -t nat -F');
  expect((await put('nic1')).status).toBe(200);
});
