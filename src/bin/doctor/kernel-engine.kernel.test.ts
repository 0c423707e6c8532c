import { execFileSync } from 'node:child_process';
import { expect, test } from 'vitest';

const program = `
const { tryKernelEngine } = await import(process.env.MODULE);
const { execFileSync } = await import('node:child_process');
const look = () => ['link', 'address', 'route', 'rule'].map((what) => execFileSync('/usr/sbin/ip', ['-j', what], { encoding: 'utf8' })).join('');
const before = look();
const tried = await tryKernelEngine();
console.log(JSON.stringify({ ...tried, left: look() === before ? 'nothing' : look() }));
`;

/** In a network that no other test changes. */
function triedWithin(...before: readonly string[]): unknown {
  const said = execFileSync('/usr/bin/unshare', ['-nm', ...before, process.execPath, '--input-type=module', '-e', program], {
    env: { PATH: '/usr/bin:/bin', MODULE: new URL('./kernel-engine.ts', import.meta.url).href },
    encoding: 'utf8',
  });
  return JSON.parse(said) as unknown;
}

test('root of a host is told that it runs, and nothing of it is left', () => {
  expect(triedWithin()).toEqual({ works: true, left: 'nothing' });
});

test('an ordinary user is told what is lacking and how it runs without', () => {
  expect(triedWithin('/usr/bin/setpriv', '--reuid=65534', '--regid=65534', '--clear-groups')).toMatchObject({
    works: false,
    why: { code: 'NotAllowed', remedy: expect.stringContaining('unshare -Urnm') },
    left: 'nothing',
  });
});
