import { afterEach, beforeEach, expect, test } from 'vitest';
import type { JsonObject } from '#arm/resource.ts';
import { refusal, testSubscription, type ArmReply, type ArmRequest } from '#test/servers/arm-server.ts';
import { startCommandLine, type CommandLine } from '#test/servers/command-line.ts';
import { addLinks } from './link-options.ts';

let line: CommandLine;
beforeEach(async () => {
  line = await startCommandLine(addLinks);
});
afterEach(() => line[Symbol.asyncDispose]());

const ok = (body: JsonObject): ArmReply => ({ status: 200, body });
const empty: ArmReply = { status: 200 };

/** Workspaces with links, as the server shows them. `states`: what a link says of itself, one a question, the last one for ever. */
class Plane {
  readonly workspaces = new Map<string, string[]>([['w', ['shop']]]);
  states: readonly JsonObject[] = [{ status: 'Initial' }];
  /** What the states are once an action was asked for. */
  readonly after = new Map<string, readonly JsonObject[]>();
  tables: readonly JsonObject[] = [];
  tableStates: readonly JsonObject[] = [];
  preflight: JsonObject = {};
  proof: JsonObject = { worker: null, ended: [], total: null };
  readonly asked: unknown[] = [];

  readonly answer = ({ method, path, body }: ArmRequest): ArmReply | undefined => {
    if (path === `/subscriptions/${testSubscription}/providers/Microsoft.Synapse/workspaces`)
      return ok({ value: [...this.workspaces.keys()].map((name) => ({ name })) });
    const [, workspace, name, verb] = /^\/synapse\/([^/]+)\/linkConnections(?:\/([^/]+)(?:\/([^/]+))?)?$/.exec(path) ?? [];
    if (workspace === undefined) return undefined;
    if (name === undefined) return ok({ value: (this.workspaces.get(workspace) ?? []).map((one) => this.#shown(workspace, one)) });
    if (method === 'POST' && verb !== 'querytablestatus') this.asked.push([`${workspace}/${name} ${verb}`, body ?? null]);
    if (verb !== undefined && this.after.has(verb)) this.states = this.after.get(verb)!;
    return this.#verb(verb, body);
  };

  #verb(verb: string | undefined, body: unknown): ArmReply | undefined {
    if (verb === 'detailedstatus') {
      const [now, ...rest] = this.states;
      if (rest.length > 0) this.states = rest;
      return ok({ name: 'shop', ...now! });
    }
    if (verb === 'linktables') return ok({ value: this.tables });
    if (verb === 'preflight') return ok(this.preflight);
    if (verb === 'pathProof') return ok(this.proof);
    if (verb !== 'querytablestatus') return empty;
    // A page of one, so that there are several.
    const at = Number((body as { continuationToken?: string }).continuationToken ?? 0);
    const more = at + 1 < this.tableStates.length ? { continuationToken: String(at + 1) } : {};
    return ok({ value: this.tableStates.slice(at, at + 1), ...more });
  }

  #shown(workspace: string, name: string): JsonObject {
    return {
      id: `/subscriptions/${testSubscription}/resourceGroups/g/providers/Microsoft.Synapse/workspaces/${workspace}/linkConnections/${name}`,
      name,
      properties: {
        sourceDatabase: { linkedService: { referenceName: 'source' } },
        targetDatabase: { linkedService: { referenceName: 'pools', parameters: { DBName: 'pool1' } } },
      },
    };
  }
}

function plane(): Plane {
  const made = new Plane();
  line.server.script = (request) => made.answer(request);
  return made;
}

const running = { status: 'Running', startTime: '2026-11-22T06:00:00Z', lagSeconds: 0.25 };
const trouble = { code: 'SourceUnreachable', message: 'The source does not answer.', remedy: 'Start it.' };
const usual = {
  id: 't1',
  source: { schemaName: 'public', tableName: 'orders' },
  target: { schemaName: 'public', tableName: 'orders' },
};

test('all links are listed with state and lag; a workspace that may not be read is left out', async () => {
  const { workspaces, answer } = Object.assign(plane(), { states: [running] });
  workspaces.set('secret', ['hidden']);
  line.server.script = (request) =>
    request.path.startsWith('/synapse/secret') ? refusal(403, 'AuthorizationFailed', 'No.') : answer(request);
  const { out } = await line.run('links', 'list');
  expect(out.split('\n').map((one) => one.split(/ {2,}/))).toEqual([
    ['LINK', 'WORKSPACE', 'STATE', 'LAG', 'FROM', 'TO', 'STARTED'],
    ['shop', 'w', 'Running', '0.3 s', 'source', 'pools: pool1', '2026-11-22T06:00:00Z'],
    [''],
  ]);
  expect(JSON.parse((await line.run('links', 'list', '-o', 'json')).out)).toMatchObject([{ name: 'shop', workspace: 'w', ...running }]);
  await expect(line.run('links', 'list', '--workspace', 'secret')).rejects.toMatchObject({ kind: 'denied', code: 'AuthorizationFailed' });
});

test('where there is none that says so; a name of none or of several is refused with those there are', async () => {
  const { workspaces } = plane();
  workspaces.set('other', ['Shop']);
  await expect(line.run('links', 'show', 'shop')).rejects.toMatchObject({
    kind: 'invalid',
    code: 'WhichLink',
    remedy: 'Name one of them with --workspace: w, other.',
  });
  await expect(line.run('links', 'show', 'nothing')).rejects.toMatchObject({
    kind: 'missing',
    code: 'LinkNotFound',
    remedy: 'These are there: shop, Shop.',
  });
  expect((await line.run('links', 'show', 'SHOP', '--workspace', 'other')).out).toContain('other');
  workspaces.clear();
  expect((await line.run('links', 'list')).out).toBe('There is no link connection that you may read.\n');
});

test('one link is shown with its tables, rows, and what is wrong with the remedy', async () => {
  const made = plane();
  const own = {
    isolated: false,
    log: { heldBytes: '12345' },
    findings: [{ severity: 'warning', code: 'NoLimit', message: 'The log is not bounded.', target: null, remedy: 'Bound it.' }],
  };
  const said = { ...trouble, message: `${trouble.message} ${trouble.remedy}` };
  made.states = [{ ...running, isPartiallyFailed: true, isthmus: own, error: said }];
  made.tables = [
    usual,
    { id: 'T2', source: { schemaName: 'public', tableName: 'items' }, target: { schemaName: 'shop', tableName: 'lines' } },
  ];
  made.tableStates = [
    { id: 't1', linkTableId: 't1', status: 'Replicating', processedRows: 1_234, lastTransactionCommitTime: '2026-11-22T06:00:01Z' },
    { id: 't2', linkTableId: 't2', status: 'Failed', errorCode: 'NoKey', errorMessage: 'It has no key.', remedy: 'Give it one.' },
  ];
  const { out } = await line.run('links', 'show', 'shop');
  expect(out).toMatch(/^state +Running$/m);
  expect(out).toMatch(/^isolated +no/m);
  expect(out).toMatch(/^log held +12,345 bytes/m);
  expect(out).toContain('warning NoLimit: The log is not bounded.\n  remedy: Bound it.\n');
  expect(out).toMatch(/^public\.orders +Replicating +1,234 +2026-11-22T06:00:01Z$/m);
  expect(out).toMatch(/^public\.items +shop\.lines +Failed$/m);
  expect(out).toContain('SourceUnreachable: The source does not answer.\n  remedy: Start it.\n');
  expect(out).toContain('public.items: NoKey: It has no key.\n  remedy: Give it one.\n');
  const json = JSON.parse((await line.run('links', 'show', 'shop', '-o', 'json')).out) as JsonObject;
  expect(json['tables']).toMatchObject([
    { source: 'public.orders', rows: 1_234 },
    { status: 'Failed', trouble: { remedy: 'Give it one.' } },
  ]);
});

test('the proof of path tells what was said beside what was counted, of the worker that runs and of all before it', async () => {
  const made = plane();
  expect((await line.run('links', 'proof', 'shop')).out).toBe('No worker of the link has run yet.\n');
  const elsewhere = { connections: 0, sent: 0, received: 0, refused: 1, tried: 0 };
  const endpoint =
    '/subscriptions/s/resourceGroups/g/providers/P/workspaces/w/managedVirtualNetworks/default/managedPrivateEndpoints/toShop';
  const counted = [{ endpoint, connections: 2, open: 1, sent: 1_500, received: 20_000 }];
  const common = { job: 'link', run: 2, engine: 'kernel', isolated: true, counted, elsewhere, says: 'That is what was counted.' };
  const said = { sent: 1_500, received: 20_000 };
  const earlier = { ...common, run: 1, since: '2026-11-22T06:00:00Z', at: '2026-11-22T06:01:00Z', ended: true };
  made.proof = {
    worker: { ...common, since: '2026-11-22T07:00:00Z', at: '2026-11-22T07:01:00Z', ended: false, verdict: 'Equal', said },
    ended: [
      { ...earlier, verdict: 'Differs', said: { sent: 1_499, received: 20_000 } },
      { ...earlier, verdict: 'Unknown', said: null, counted: null, elsewhere: null },
    ],
    total: { since: '2026-11-22T06:00:00Z', workers: 2, verdicts: { Differs: 1, Unknown: 1 }, said, counted: said, elsewhere },
  };
  const { out } = await line.run('links', 'proof', 'shop');
  const rows = out.split('\n').map((one) => one.split(/ {2,}/));
  expect(rows.slice(1, 4)).toEqual([
    ['2026-11-22T07:00:00Z', 'link of run 2', 'runs', 'Equal', '1,500', '1,500', '20,000', '20,000', '0', '1'],
    ['2026-11-22T06:00:00Z', 'link of run 1', '2026-11-22T06:01:00Z', 'Differs', '1,499', '1,500', '20,000', '20,000', '0', '1'],
    ['2026-11-22T06:00:00Z', 'link of run 1', '2026-11-22T06:01:00Z', 'Unknown'],
  ]);
  expect(out).toMatch(/^by toShop +1,500 bytes sent, 20,000 received, 2 connections$/m);
  expect(out).toMatch(/^counted by +the kernel$/m);
  expect(out).toMatch(/^workers +2: Differs 1, Unknown 1$/m);
  expect(JSON.parse((await line.run('links', 'proof', 'shop', '-o', 'json')).out)).toEqual(made.proof);
});

test('an action is waited for, its progress and what it waits for are said', async () => {
  const made = plane();
  made.after.set('start', [{ status: 'Starting' }, { status: 'Starting', error: trouble }, running]);
  const { out, err } = await line.run('links', 'start', 'shop');
  expect(out).toBe('shop: Running\n');
  expect(err).toBe('linkConnections/shop: Starting\nlinkConnections/shop: Starting, waiting for The source does not answer.\n');
  expect(made.asked).toEqual([['w/shop start', {}]]);
});

test('--no-wait ends as soon as it was taken', async () => {
  const made = plane();
  made.after.set('pause', [{ status: 'Pausing' }]);
  expect((await line.run('links', 'pause', 'shop', '--no-wait')).out).toBe('shop: Pausing\n');
  made.after.set('stop', [{ status: 'Stopping' }]);
  expect(JSON.parse((await line.run('links', 'stop', 'shop', '--no-wait', '-o', 'json')).out)).toMatchObject({ status: 'Stopping' });
});

test('a link that comes to rest elsewhere ends the wait with its reason', async () => {
  const made = plane();
  made.after.set('resume', [{ status: 'Resuming' }, { status: 'Paused', error: trouble }]);
  await expect(line.run('links', 'resume', 'shop')).rejects.toMatchObject({
    kind: 'conflict',
    code: 'SourceUnreachable',
    message: 'The link shop is Paused and not Running. The source does not answer.',
    remedy: 'Start it.',
  });
});

test('tables are added and removed by their names, quoted or not', async () => {
  const made = plane();
  const hash = ['--distribution', 'Hash', '--distribution-column', 'id', '--structure', 'Heap'];
  await line.run('links', 'add-table', 'shop', 'public.orders', '--to', 'dbo."my orders"', ...hash);
  await line.run('links', 'add-table', 'shop', 'public.a', '[My Schema].[b.c]');
  await line.run('links', 'remove-table', 'shop', '"a ""b""".t');
  const words = (schemaName: string, tableName: string): object => ({ schemaName, tableName });
  const added = (source: object): object => ({ operationType: 'add', source, target: source });
  expect(made.asked).toEqual([
    [
      'w/shop edittables',
      {
        linkTables: [
          {
            operationType: 'add',
            source: words('public', 'orders'),
            target: {
              ...words('dbo', 'my orders'),
              distributionOptions: { type: 'Hash', distributionColumn: 'id' },
              structureOptions: { type: 'Heap' },
            },
          },
        ],
      },
    ],
    ['w/shop edittables', { linkTables: [added(words('public', 'a')), added(words('My Schema', 'b.c'))] }],
    ['w/shop edittables', { linkTables: [{ operationType: 'remove', source: words('a "b"', 't') }] }],
  ]);
  for (const wrong of ['orders', 'a.b.c', '"a.b', 'a b.c'])
    await expect(line.run('links', 'remove-table', 'shop', wrong)).rejects.toMatchObject({ kind: 'invalid', code: 'BadTable' });
  await expect(line.run('links', 'add-table', 'shop', 'a.b', 'a.c', '--to', 'a.d')).rejects.toMatchObject({ code: 'OneTarget' });
});

test('tables are copied anew while the link goes on; without any, it is stopped and started', async () => {
  const made = plane();
  made.states = [running];
  await line.run('links', 'resync', 'shop', 'public.orders');
  made.after.set('stop', [{ status: 'Stopping' }, { status: 'Stopped' }]);
  made.after.set('start', [{ status: 'Starting' }, running]);
  expect((await line.run('links', 'resync', 'shop')).out).toBe('shop: Running\n');
  expect(made.asked).toEqual([
    ['w/shop retry', { tables: [{ schemaName: 'public', tableName: 'orders' }] }],
    ['w/shop stop', {}],
    ['w/shop start', {}],
  ]);
  made.states = [{ status: 'Stopped' }];
  await line.run('links', 'resync', 'shop', '--no-wait');
  expect(made.asked.slice(3)).toEqual([['w/shop start', {}]]);
});

test('before a link starts it is said what keeps it from that, and what becomes of each column', async () => {
  const made = plane();
  made.preflight = {
    findings: [
      { severity: 'error', code: 'NoSlots', message: 'There is no free slot.', target: null, remedy: 'Raise max_replication_slots.' },
    ],
    tables: [
      {
        source: { schemaName: 'public', tableName: 'orders' },
        columns: [
          { name: 'id', sourceType: 'bigint', fidelity: 'exact', reason: null },
          { name: 'area', sourceType: 'polygon', fidelity: 'text', reason: 'It has no counterpart.' },
        ],
      },
    ],
  };
  const { out } = await line.run('links', 'preflight', 'shop');
  expect(out).toContain('error NoSlots: There is no free slot.\n  remedy: Raise max_replication_slots.\n');
  expect(out).toMatch(/^public\.orders +area +polygon +text +It has no counterpart\.$/m);
  expect(out).toMatch(/\nThe link cannot start as it is\.\n$/);
  made.preflight = { findings: [], tables: [] };
  expect((await line.run('links', 'preflight', 'shop')).out).toMatch(/The link can start\.\n$/);
});
