import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ControlPlane, runClient } from './control-plane.ts';
import { notDriven } from './driven.ts';

const az = '/usr/bin/az';
let plane: ControlPlane;
let folder: string;
beforeAll(async () => {
  plane = await ControlPlane.start();
  folder = mkdtempSync(join(tmpdir(), 'isthmus-az-'));
});
afterAll(async () => {
  await plane[Symbol.asyncDispose]();
  plane.forget();
  rmSync(folder, { recursive: true, force: true });
});

/** Runs `az …`, words separated by blanks; answers what it printed as JSON. */
async function run(command: string, ...more: readonly string[]): Promise<unknown> {
  const { code, out, err } = await runClient(plane, az, [...command.split(' '), ...more, '-o', 'json'], {
    AZURE_CONFIG_DIR: join(folder, 'azure'),
    AZURE_CORE_COLLECT_TELEMETRY: 'no',
    AZURE_CORE_NO_COLOR: 'yes',
  });
  if (code !== 0) throw new Error(`az ${command}: ${err}`);
  return out.trim() === '' ? undefined : JSON.parse(out);
}

test('the Azure CLI makes a forwarder, runs the tutorial in it, and restarts it', { timeout: 300_000 }, async () => {
  const { clientId, clientSecret } = plane.administrator;
  await run(`cloud register -n Isthmus --endpoint-resource-manager ${plane.arm} --profile 2020-09-01-hybrid`);
  await run('cloud set -n Isthmus');
  await run(`login --service-principal -u ${clientId} --tenant ${plane.tenant} -p`, clientSecret);
  await run('group create -n fwd -l eastus');
  await run('network vnet create -g fwd -n net --address-prefixes 10.0.0.0/16 --subnet-name be-subnet --subnet-prefixes 10.0.1.0/24');
  await run('network nic create -g fwd -n nic1 --vnet-name net --subnet be-subnet');
  const machine = '-g fwd -n myVM1';
  const image = 'Canonical:UbuntuServer:18.04-LTS:latest';
  await run(
    `vm create ${machine} --nics nic1 --image ${image} --admin-username azureuser --size Standard_B1s --admin-password`,
    'Sup3r-secret-1!',
  );
  expect(await run(`vm show ${machine} -d`)).toMatchObject({ powerState: 'VM running', privateIps: '10.0.1.4' });
  const invoke = `vm run-command invoke ${machine} --command-id RunShellScript --scripts`;
  await run(invoke, 'sudo ./ip_fwd.sh -i eth0 -f 1433 -a sql.example.net -b 1433');
  await run(`vm restart ${machine}`);
  const listed = (await run(invoke, 'sudo iptables -t nat -v -L PREROUTING -n --line-number')) as { value: { message: string }[] };
  expect(listed.value[0]?.message).toMatch(
    /^Enable succeeded: \n\[stdout\]\nChain PREROUTING .*DNAT .* tcp dpt:1433 to:sql\.example\.net:1433\n/s,
  );
  await run(`vm deallocate ${machine}`);
  expect(await run(`vm get-instance-view ${machine} --query instanceView.statuses[].code`)).toContain('PowerState/deallocated');
  await expect(run(invoke, 'id')).rejects.toThrow(/OperationNotAllowed/);
  await run(`vm start ${machine}`);
  await run(`vm delete ${machine} --yes`);
  // The package's own `network nic delete` lacks a module in this profile.
  await run('resource delete -g fwd -n nic1 --resource-type Microsoft.Network/networkInterfaces');
});

test('the Azure CLI names existing SQL servers and what may reach them', { timeout: 300_000 }, async () => {
  await run('cloud update -n Isthmus --profile latest');
  await run('group create -n sql -l eastus');
  const password = 'Sup3r-secret-1!';
  const server = await run('sql server create -g sql -n shop -l eastus -u boss -p', password);
  expect(server).toMatchObject({
    fullyQualifiedDomainName: 'shop.database.isthmus.localhost',
    state: 'Disabled',
    administratorLoginPassword: null,
  });
  const id = `${plane.group('sql')}/providers/Microsoft.Sql/servers/shop`;
  await run(`resource tag --ids ${id} --tags hidden-backend=db.example.net:1433`);
  expect(await run('sql server show -g sql -n shop')).toMatchObject({ state: 'Ready', administratorLogin: 'boss' });
  await run('sql server update -g sql -n shop --enable-public-network false');
  expect(await run('sql server show -g sql -n shop')).toMatchObject({ state: 'Ready', publicNetworkAccess: 'Disabled' });
  await run('sql server firewall-rule create -g sql -s shop -n office --start-ip-address 203.0.113.4 --end-ip-address 203.0.113.9');
  expect(await run('sql server firewall-rule list -g sql -s shop --query [].name')).toEqual(['office']);
  await run('sql server conn-policy update -g sql -s shop -t Proxy');
  expect(await run('sql server conn-policy show -g sql -s shop')).toMatchObject({ connectionType: 'Proxy' });
  await run('sql db create -g sql -s shop -n orders');
  expect(await run('sql db show -g sql -s shop -n orders')).toMatchObject({ status: 'Online' });
  const subnet = `${plane.group('fwd')}/providers/Microsoft.Network/virtualNetworks/net/subnets/be-subnet`;
  await run(
    `sql mi create -g sql -n mi -l eastus -u boss --subnet ${subnet} --capacity 4 --storage 32GB --edition GeneralPurpose --family Gen5 -p`,
    password,
  );
  const changed = await run('sql mi update -g sql -n mi --proxy-override Redirect');
  expect(changed).toMatchObject({ proxyOverride: 'Redirect', sku: { name: 'GP_Gen5' }, provisioningState: 'Succeeded' });
  expect(changed).toMatchObject({ fullyQualifiedDomainName: expect.stringMatching(/^mi\.[0-9a-f]{12}\.database\.isthmus\.localhost$/) });
  await run('sql mi delete -g sql -n mi --yes');
  await run('sql server delete -g sql -n shop --yes');
  expect(await run('sql server list -g sql')).toEqual([]);
  expect(await notDriven(plane, 'azure-cli-forwarder')).toEqual([]);
});
