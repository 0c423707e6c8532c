import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, expectTypeOf, test } from 'vitest';
import { z } from 'zod';
import { environmentVariable, loadConfig, printConfig, secretText, type LoadedConfig } from './config.ts';
import { isSecret, type Secret } from './secret.ts';

const schema = z.object({
  port: z.number().int().min(1).max(65_535).default(4433),
  verbose: z.boolean().default(false),
  engine: z.enum(['userspace', 'kernel']).default('userspace'),
  names: z.array(z.string()).default(['localhost']),
  dataDir: z.string().optional(),
  password: secretText.optional(),
  pool: z.object({ memoryMb: z.number().default(512), threads: z.number().optional() }).prefault({}),
});

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'isthmus-config-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function written(text: string): string {
  const file = join(folder, 'isthmus.yaml');
  writeFileSync(file, text);
  return file;
}

const load = (request: {
  text?: string;
  environment?: Record<string, string>;
  flags?: Record<string, unknown>;
}): LoadedConfig<typeof schema> =>
  loadConfig({
    schema,
    file: request.text === undefined ? undefined : written(request.text),
    environment: request.environment ?? {},
    flags: request.flags ?? {},
  });

function captured(work: () => unknown): unknown {
  try {
    return work();
  } catch (error) {
    return error;
  }
}

test('nothing given: the defaults, frozen all the way down', () => {
  const { config, origins } = load({});
  expect(config).toEqual({ port: 4433, verbose: false, engine: 'userspace', names: ['localhost'], pool: { memoryMb: 512 } });
  expect(origins.size).toBe(0);
  expect(Object.isFrozen(config) && Object.isFrozen(config.pool) && Object.isFrozen(config.names)).toBe(true);
  expectTypeOf(config.names).toEqualTypeOf<readonly string[]>();
  expectTypeOf(config.password).toEqualTypeOf<Secret | undefined>();
});

test('flags win over the environment, and that over the file, value by value', () => {
  const { config, origins } = load({
    text: 'port: 1\nengine: kernel\ndataDir: /a\npool:\n  memoryMb: 1\n  threads: 1\n',
    environment: { ISTHMUS_PORT: '2', ISTHMUS_DATA_DIR: '/b', ISTHMUS_POOL_MEMORY_MB: '2', HOME: '/root' },
    flags: { port: 3, verbose: undefined, pool: { memoryMb: undefined } },
  });
  expect(config).toMatchObject({ port: 3, engine: 'kernel', dataDir: '/b', verbose: false, pool: { memoryMb: 2, threads: 1 } });
  expect(Object.fromEntries(origins)).toEqual({
    port: 'flag',
    engine: 'file',
    dataDir: 'environment',
    'pool.memoryMb': 'environment',
    'pool.threads': 'file',
  });
});

test('texts of the environment become what the schema wants', () => {
  const environment = { ISTHMUS_VERBOSE: 'true', ISTHMUS_NAMES: 'a, b', ISTHMUS_POOL_THREADS: '4', ISTHMUS_ENGINE: '' };
  expect(load({ environment }).config).toMatchObject({ verbose: true, names: ['a', 'b'], engine: 'userspace', pool: { threads: 4 } });
});

test('JSON is YAML too', () => {
  expect(load({ text: '{"port": 7, "pool": {"threads": 2}}' }).config).toMatchObject({ port: 7, pool: { threads: 2 } });
});

test('all that is wrong is told at once, by name and origin, without values', () => {
  const wrong = {
    text: 'prot: 1\npool:\n  memory: 1\n',
    environment: { ISTHMUS_PORT: 'hunter2', ISTHMUS_PROT: '1', ISTHMUS_VERBOSE: 'ja' },
    flags: { engine: 'hunter2' },
  };
  const caught = captured(() => load(wrong));
  expect(caught).toMatchObject({
    kind: 'invalid',
    code: 'BadConfig',
    target: expect.stringContaining('isthmus.yaml'),
    remedy: expect.stringContaining('pool.memoryMb'),
  });
  const told = String(caught);
  for (const part of [
    'prot: there is no such setting (file)',
    'pool.memory: there is no such setting (file)',
    'ISTHMUS_PROT: there is no such setting',
    'port: ',
    '(environment)',
    'verbose: ',
    'engine: ',
    '(flag)',
  ])
    expect(told).toContain(part);
  expect(told).not.toContain('hunter2');
});

test.each([
  ['a: [', 'BadConfig'],
  ['just text', 'BadConfig'],
  ['- 1', 'BadConfig'],
])('a file that is no mapping is refused: %s', (text, code) => {
  expect(() => load({ text })).toThrow(expect.objectContaining({ kind: 'invalid', code, remedy: expect.anything() }));
});

test('an empty file is no settings; a missing one is told', () => {
  expect(load({ text: '' }).config.port).toBe(4433);
  expect(() => loadConfig({ schema, file: join(folder, 'none'), environment: {} })).toThrow(
    expect.objectContaining({ kind: 'missing', code: 'NoConfigFile' }),
  );
});

test('secrets come as secrets from everywhere, and are printed masked', () => {
  for (const loaded of [
    load({ text: 'password: hunter2' }),
    load({ environment: { ISTHMUS_PASSWORD: 'hunter2' } }),
    load({ flags: { password: 'hunter2' } }),
  ]) {
    expect(isSecret(loaded.config.password)).toBe(true);
    expect(loaded.config.password?.reveal()).toBe('hunter2');
    expect(printConfig(loaded)).toContain('password = "***" (');
  }
});

test('the printed configuration says where each value came from', () => {
  const loaded = load({ text: 'pool: {threads: 2}', environment: { ISTHMUS_NAMES: 'a,b' }, flags: { port: 1 } });
  expect(printConfig(loaded).split('\n').sort()).toEqual(
    [
      '',
      'engine = "userspace" (default)',
      'names = ["a","b"] (environment)',
      'pool.memoryMb = 512 (default)',
      'pool.threads = 2 (file)',
      'port = 1 (flag)',
      'verbose = false (default)',
    ].sort(),
  );
});

test('one variable of the environment; empty is unset', () => {
  process.env['ISTHMUS_TEST_VARIABLE'] = '';
  expect(environmentVariable('ISTHMUS_TEST_VARIABLE')).toBeUndefined();
  process.env['ISTHMUS_TEST_VARIABLE'] = 'x';
  expect(environmentVariable('ISTHMUS_TEST_VARIABLE')).toBe('x');
  delete process.env['ISTHMUS_TEST_VARIABLE'];
});
