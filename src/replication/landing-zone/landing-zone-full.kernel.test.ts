import { spawnSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { scratchFolder } from './zone-scene.contract.ts';

/** In a file system of 3 MB: puts until it is full, lets the pool take all, and puts again. Tells what happened. */
const script = `
  const here = process.argv[1];
  const { LandingZone } = await import(here + 'landing-zone.ts');
  const { LandingReader } = await import(here + 'landing-reader.ts');
  const { sampleDraft } = await import(here + 'sample-drafts.contract.ts');
  const { readdirSync } = await import('node:fs');
  const folder = process.argv[2];
  const data = new Uint8Array(400_000);
  const inserts = { rows: 100_000, columns: [{ type: { kind: 'int32' }, validity: undefined, data, offsets: undefined }] };
  const draft = (n) => sampleDraft(n, [{ kind: 'rows', table: 'a', removes: undefined, inserts, patches: undefined, replaces: false }]);
  const open = () => LandingZone.open({ folder, maxBytes: 2 ** 30 });
  let zone = await open();
  let n = 0;
  let reason;
  while (!reason) await zone.put(draft(++n)).catch((error) => (reason = error));
  await zone[Symbol.asyncDispose]();
  const left = readdirSync(folder);
  zone = await open();
  const progress = await zone.progress();
  await new LandingReader({ folder }).prune(progress);
  await zone.put(draft(n));
  const after = (await zone.progress()).number;
  await zone[Symbol.asyncDispose]();
  console.log(JSON.stringify({ kind: reason.kind, code: reason.code, remedy: reason.remedy, n, left, before: progress.number, after }));
`;

test('a file system that is really full refuses a segment whole, and takes it once there is room', async () => {
  await using folder = await scratchFolder();
  const command = 'mount -t tmpfs -o size=3m none "$1" && exec "$2" --input-type=module -e "$3" "$4" "$1/zone"';
  const here = new URL('./', import.meta.url).href;
  const run = spawnSync('unshare', ['--mount', 'sh', '-c', command, 'sh', folder.path, process.execPath, script, here], {
    encoding: 'utf8',
  });
  expect(run.stderr).toBe('');
  const told = JSON.parse(run.stdout) as {
    kind: string;
    code: string;
    remedy: string;
    n: number;
    left: string[];
    before: number;
    after: number;
  };
  expect(told).toMatchObject({ kind: 'unreachable', code: 'LandingZoneFull', before: told.n - 1, after: told.n });
  expect(told.remedy).toContain('Free disk space');
  expect(told.left.filter((name) => name.startsWith('tmp-'))).toEqual([]);
  expect(told.left.length).toBe(told.n);
});
