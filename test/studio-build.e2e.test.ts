import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import { beforeAll, expect, test } from 'vitest';
import { ensureStudio } from '#test/servers/built-studio.ts';

const built = join(import.meta.dirname, '../dist/studio');

beforeAll(() => void ensureStudio(), 120_000);

test('the Studio is built where that is due, packed, small enough for Home, and not built again', { timeout: 120_000 }, () => {
  writeFileSync(join(built, '.stamp'), 'of other sources');
  const first = ensureStudio();
  expect(first.err).toBe('Building the Studio: node scripts/build-studio.mjs\n');
  expect(first.out).toMatch(/\d kB {2}of scripts, gzip, that Home loads first; at most 350\.0 kB\n$/);
  const index = readFileSync(join(built, 'index.html'), 'utf8');
  expect(index).toContain('<meta name="csp-nonce" content="" />');
  // What is written into the page itself its policy forbids.
  expect(index).not.toMatch(/<script(?![^>]* src=)|<style|\sstyle=|\son\w+=/i);
  const names = readdirSync(join(built, 'assets'));
  const main = /src="\/studio\/assets\/([\w.-]+\.js)"/.exec(index)?.[1] ?? 'none';
  const content = readFileSync(join(built, 'assets', main));
  expect(brotliDecompressSync(readFileSync(join(built, 'assets', `${main}.br`))).equals(content)).toBe(true);
  expect(gunzipSync(readFileSync(join(built, 'assets', `${main}.gz`))).equals(content)).toBe(true);
  expect(ensureStudio()).toEqual({ out: first.out, err: '' });
  expect(readdirSync(join(built, 'assets'))).toEqual(names);
});

test('whoever builds at the same time as somebody else gets the same', { timeout: 120_000 }, async () => {
  writeFileSync(join(built, '.stamp'), 'of other sources');
  const script = join(import.meta.dirname, '../scripts/build-studio.mjs');
  const codes = [1, 2].map(async () => (await once(spawn(process.execPath, [script], { stdio: 'ignore' }), 'exit'))[0] as number);
  expect(await Promise.all(codes)).toEqual([0, 0]);
  expect(ensureStudio().err).toBe('');
});
