import { silentLog } from '#base/log.ts';
import type { PoolOrder } from '#providers/synapse/pool-host.ts';
import { openPoolHost } from '../../src/bin/up/pool-host.ts';

/**
 * A program that runs one pool, as tests start it to be killed: `host-parent.ts DIR ORDER`, the order as JSON. Prints `online` once it is, then
 * each trouble of a link that it is told.
 */
const [folder, order] = process.argv.slice(2) as [string, string];
const host = openPoolHost({ folder, sql: { firstPort: 0, encryption: 'off', certificate: undefined }, log: silentLog });
const { id, ...rest } = JSON.parse(order) as PoolOrder;
let said = '';
host.onReport(() => {
  const troubles = [...(host.report(id)?.links.values() ?? [])].map((link) => link.trouble?.code ?? 'well').join();
  if (troubles !== said) process.stdout.write(`${troubles}\n`);
  said = troubles;
});
await host.run({ id, ...rest });
process.stdout.write('online\n');
