import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { readAnnouncement, takeHomeFolder } from './home-folder.ts';

let parent: string;
beforeEach(() => {
  parent = mkdtempSync(join(tmpdir(), 'isthmus-home-'));
});
afterEach(() => rmSync(parent, { recursive: true }));

test('one user at a time: a second is refused by the number of the first process', () => {
  const path = join(parent, 'deep', 'data');
  {
    using folder = takeHomeFolder(path);
    expect(statSync(path).mode & 0o777).toBe(0o700);
    folder.announce({ url: 'http://127.0.0.1:1', token: 'secret' });
    expect(readAnnouncement(path)).toEqual({ pid: process.pid, url: 'http://127.0.0.1:1', token: 'secret' });
    expect(statSync(join(path, 'up.json')).mode & 0o777).toBe(0o600);
    expect(() => takeHomeFolder(path)).toThrow(
      expect.objectContaining({ kind: 'conflict', code: 'DataInUse', message: expect.stringContaining(String(process.pid)) as string }),
    );
  }
  expect(readAnnouncement(path)).toBeUndefined();
  using _again = takeHomeFolder(path);
});

test('what a killed process left is taken over, and an announcement that cannot be read is none', () => {
  writeFileSync(join(parent, 'lock'), '');
  writeFileSync(join(parent, 'up.json'), '{"pid": 1');
  expect(readAnnouncement(parent)).toBeUndefined();
  using folder = takeHomeFolder(parent);
  expect(readAnnouncement(folder.path)).toEqual({ pid: process.pid });
});

test('a folder that cannot be used is refused with a remedy', () => {
  writeFileSync(join(parent, 'file'), '');
  expect(() => takeHomeFolder(join(parent, 'file'))).toThrow(
    expect.objectContaining({ kind: 'denied', code: 'DataDenied', remedy: expect.any(String) as string }),
  );
});
