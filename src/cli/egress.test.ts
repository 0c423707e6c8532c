import { afterEach, beforeEach, expect, test } from 'vitest';
import { refusal, testSubscription } from '#test/servers/arm-server.ts';
import { startCommandLine, type CommandLine } from '#test/servers/command-line.ts';
import { addAuthoring } from './authoring-options.ts';

const group = `/subscriptions/${testSubscription}/resourceGroups/one/providers`;
const factory = `${group}/Microsoft.DataFactory/factories/f`;
const workspace = `${group}/Microsoft.Synapse/workspaces/w`;
const report = (id: string): string => `${id}/managedVirtualNetworks/default/egressReport`;
const record = { host: 'db.example', port: 5432, count: 3, first: '2026-11-22T06:00:00Z', last: '2026-11-22T07:00:00Z' };
const refused = { ...record, asker: 'link shop', code: 'EgressDenied', rule: workspace, remedy: 'Make an endpoint.' };

let line: CommandLine;
beforeEach(async () => {
  line = await startCommandLine(addAuthoring);
  line.server.script = ({ path }) =>
    path.endsWith('/egressReport') && !line.server.resources.has(path.toLowerCase())
      ? refusal(404, 'ResourceNotFound', 'None.')
      : undefined;
  for (const id of [factory, workspace]) line.server.resources.set(id.toLowerCase(), { id, name: id.split('/').at(-1)! });
});
afterEach(() => line[Symbol.asyncDispose]());

test('what was refused, what was let out and what enforcing would break is told of each network there is', async () => {
  const other = { ...refused, host: 'other.example' };
  const found = { mode: 'report', since: '2026-11-22T05:00:00Z', denied: [refused, other], wouldBreak: [refused], outside: [record] };
  line.server.resources.set(report(workspace).toLowerCase(), found);
  const { out } = await line.run('egress', 'report');
  expect(out).toContain('w  report: lets everything out, and says what enforcing would break, since 2026-11-22T05:00:00Z\n');
  expect(
    out.match(/^db\.example:5432 +3 +link shop +EgressDenied +workspaces\/w +2026-11-22T06:00:00Z +2026-11-22T07:00:00Z$/gm),
  ).toHaveLength(2);
  expect(out.match(/remedy: Make an endpoint\./g)).toHaveLength(2);
  expect(out).toMatch(/let out:\nTO +TIMES +FIRST +LAST\ndb\.example:5432 +3 /);
  expect(out).not.toContain('f  ');
  expect(JSON.parse((await line.run('egress', 'report', '-o', 'json')).out)).toEqual([{ workspace: 'w', ...found }]);
});

test('a network that nothing left says so; one that is not there is refused where it was named', async () => {
  line.server.resources.set(report(factory).toLowerCase(), { mode: 'enforce', since: 's', denied: [], wouldBreak: [], outside: [] });
  expect((await line.run('egress', 'report', '--factory', 'F')).out).toBe(
    'f  enforce: lets out what approved endpoints lead to, and nothing else, since s\nNothing was refused or let out.\n',
  );
  await expect(line.run('egress', 'report', '--workspace', 'w')).rejects.toMatchObject({ kind: 'missing' });
  line.server.resources.clear();
  expect((await line.run('egress', 'report')).out).toBe('There is no managed virtual network that you may read.\n');
});
