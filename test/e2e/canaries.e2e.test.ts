import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { startPostgres } from '../servers/postgres.ts';
import { connectTo } from './bank.ts';
import { ControlPlane } from './control-plane.ts';
import { makeLink, untilEqual } from './link-ground.ts';
import { descendants, isthmus, until } from './program.ts';

/** Each stands for a kind of thing that must not be seen. */
const canaries = {
  password: 'canary-Password-7f3a',
  wrongPassword: 'canary-Wrong-91bc',
  rowCopied: 'canary-row-copied-5512',
  rowChanged: 'canary-row-changed-8830',
  rowRefused: 'canary-row-refused-2204',
};

/** Arguments and environments of all processes below one, as other users of the host could read them. */
function visibleOfProcesses(pid: number): string {
  return [pid, ...descendants(pid)]
    .flatMap((one) => ['cmdline', 'environ'].map((name) => `/proc/${one}/${name}`))
    .map((path) => {
      try {
        return readFileSync(path, 'utf8');
      } catch {
        // It ended meanwhile.
        return '';
      }
    })
    .join('\n');
}

function textsBelow(folder: string): string {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((name) => join(folder, name))
    .filter((path) => statSync(path, { throwIfNoEntry: false })?.isFile() === true)
    .map((path) => readFileSync(path, 'latin1'))
    .join('\n');
}

function expectNone(what: string, text: string): void {
  const found = Object.entries(canaries).filter(([, canary]) => text.includes(canary));
  expect(
    found.map(([kind]) => kind),
    `in ${what}`,
  ).toEqual([]);
}

test(
  'no password and no value of a row is in logs, audit, answers, arguments, environments or the store',
  { timeout: 180_000 },
  async () => {
    await using database = await startPostgres();
    await using plane = await ControlPlane.start();
    await using source = await connectTo(database.url());
    await source.query(`
      CREATE ROLE canary LOGIN SUPERUSER PASSWORD '${canaries.password}';
      CREATE TABLE public.people (id int PRIMARY KEY, name text NOT NULL, born date);
      INSERT INTO public.people VALUES (1, '${canaries.rowCopied}', '1970-01-01');
      CREATE TABLE public.odd (id int PRIMARY KEY, said text NOT NULL)`);
    const login = { port: database.port, user: 'canary', password: canaries.password };
    const link = await makeLink(plane, { workspace: 'ws-canary', database: login, tables: ['people', 'odd'] });
    const answers: string[] = [];
    const note = async (answer: Promise<{ readonly text: string }>): Promise<void> => void answers.push((await answer).text);
    let processes = visibleOfProcesses(plane.program.pid);
    await link.untilStatus('Running');
    processes += visibleOfProcesses(plane.program.pid);
    await untilEqual(source, link.poolFile, 'public.people');

    await source.query(`INSERT INTO public.people VALUES (2, '${canaries.rowChanged}', NULL)`);
    await untilEqual(source, link.poolFile, 'public.people');
    // A change that the pool cannot take, while it travels: the row's value must not get into what is said about it.
    await source.query(`ALTER TABLE public.odd ALTER COLUMN said TYPE bytea USING said::bytea;
      INSERT INTO public.odd VALUES (1, '${canaries.rowRefused}')`);
    const base = '/synapse/ws-canary';
    const service = (await plane.ask({ path: `${base}/linkedservices/shop` })).json as { properties: { typeProperties: object } };
    answers.push(JSON.stringify(service));
    const runtime = `${link.ground.workspace}/integrationRuntimes/AutoResolveIntegrationRuntime`;
    await note(plane.ask({ method: 'POST', path: `${runtime}/enableInteractiveQuery`, body: {} }));
    const wrong = {
      ...service,
      properties: {
        ...service.properties,
        typeProperties: { ...service.properties.typeProperties, password: { type: 'SecureString', value: canaries.wrongPassword } },
      },
    };
    await note(plane.ask({ method: 'POST', path: `${base}/testConnectivity`, body: { linkedService: wrong } }));
    processes += visibleOfProcesses(plane.program.pid);
    await note(plane.ask({ method: 'POST', path: `${base}/testConnectivity`, body: { linkedService: { name: 'shop' } } }));
    await note(
      plane.ask({
        method: 'PUT',
        path: `${base}/linkedservices/broken`,
        body: { properties: { type: 'PostgreSqlV2', typeProperties: { password: canaries.wrongPassword, server: 'not a name' } } },
      }),
    );
    await link.decide('Rejected');
    await until('the link is lost', async () => (await link.status()).status !== 'Running');
    await link.decide('Approved');
    await link.untilStatus('Running');
    for (const action of ['preflight', 'querytablestatus']) await note(link.ask(action, {}));
    for (const path of [link.path, `${link.path}/detailedstatus`, `${link.path}/linktables`, `${base}/linkedservices`, `${base}/workspace`])
      await note(plane.ask({ path }));
    await note(plane.ask({ path: `${plane.group('shop')}/resources` }));
    await note(link.ask('stop'));
    await link.untilStatus('Stopped');
    const audit = await isthmus(['audit', '--data', plane.folder, '-o', 'json']);
    expect(audit.code).toBe(0);

    expectNone('answers', answers.join('\n'));
    expectNone('arguments and environments', processes);
    expectNone('the audit log', audit.out + audit.err);
    expectNone('what the program says', plane.program.out + plane.program.err);
    expectNone('logs', textsBelow(join(plane.folder, 'logs')));
    expectNone('the store of resources', textsBelow(join(plane.folder, 'control')));
    plane.forget();
  },
);
