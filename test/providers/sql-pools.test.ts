import { mkdir } from 'node:fs/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { DuckDbPool } from '#pool/engines/duckdb/pool.ts';
import { serveQueries } from '#pool/query-server.ts';
import { poolFile, poolFolder } from '#providers/synapse/link-places.ts';
import { linkScene, plane, pool, workspace, type LinkScene } from './link-scene.ts';

let scene: LinkScene;
beforeEach(async () => {
  scene = await linkScene();
  await scene.ground();
});
afterEach(() => scene[Symbol.asyncDispose]());

const shown = async () => (await scene.plane.send('GET', pool)).body;
const ordered = () => scene.pools.orders.get(pool.toLowerCase());

test('a pool is created, scaled, paused, resumed and deleted; its process is as its status says', async () => {
  expect(await shown()).toMatchObject({
    sku: { name: 'DW100c' },
    properties: {
      status: 'Online',
      provisioningState: 'Succeeded',
      collation: 'SQL_Latin1_General_CP1_CI_AS',
      creationDate: expect.any(String),
    },
  });
  expect(ordered()).toMatchObject({ name: 'shopspace.dw', folder: poolFolder(scene.folder, pool), memoryMb: 512, links: [] });
  expect((await scene.plane.send('GET', `${plane}/sqlPools/dw`)).body.id).toBe(pool);
  expect((await scene.plane.send('PATCH', pool, { sku: { name: 'dw1000C' } })).status).toBe(200);
  await expect.poll(ordered).toMatchObject({ memoryMb: 5_120 });
  await scene.plane.send('PATCH', pool, { tags: { 'hidden-memory-mb': '999999' } });
  await expect.poll(ordered).toMatchObject({ memoryMb: 6_144 });
  expect((await scene.plane.send('POST', `${pool}/pause`)).status).toBe(200);
  expect([(await shown()).properties.status, ordered()]).toEqual(['Paused', undefined]);
  await scene.put(pool, { location: 'eastus', properties: {} });
  await scene.restart();
  expect([(await shown()).properties.status, ordered()]).toEqual(['Paused', undefined]);
  expect('paused' in (await shown()).properties).toBe(false);
  await scene.plane.send('POST', `${pool}/resume`);
  expect((await shown()).properties.status).toBe('Online');
  await scene.restart();
  await expect.poll(async () => (await shown()).properties.status).toBe('Online');
  expect((await scene.plane.send('DELETE', pool)).status).toBe(200);
  expect(scene.pools.removed).toEqual([poolFolder(scene.folder, pool)]);
});

test('what is no pool is refused by name', async () => {
  const refused = async (body: object) =>
    (await scene.plane.send('PUT', `${workspace}/sqlPools/other`, { location: 'eastus', properties: {}, ...body })).body.error.code;
  expect(await refused({ tags: { 'hidden-engine': 'clickhouse=http://localhost' } })).toBe('SqlPoolEngineNotSupported');
  expect(await refused({ tags: { 'hidden-engine': 'paper' } })).toBe('SqlPoolEngineNotSupported');
  expect(await refused({ tags: { 'hidden-memory-mb': 'much' } })).toBe('InvalidSqlPoolMemory');
  expect(await refused({ sku: { name: 'DW123c' } })).toBe('InvalidSqlPoolSku');
  expect(await refused({ sku: { name: 'big' } })).toBe('InvalidRequestFormat');
  expect(await refused({ properties: { createMode: 'Recovery' } })).toBe('InvalidRequestFormat');
});

test('a pool is asked with SQL: exact texts, so many rows, and a reason where it does not answer', async () => {
  const ask = (body: object) => scene.plane.send('POST', `${pool}/query`, body);
  expect((await ask({ sql: 'SELECT 1' })).body.error).toMatchObject({ code: 'SqlPoolNotOnline' });
  await mkdir(poolFolder(scene.folder, pool), { recursive: true });
  await using opened = await DuckDbPool.open(poolFile(scene.folder, pool));
  await using _served = await serveQueries(opened);
  expect((await ask({ sql: "SELECT 12345678901234567::BIGINT AS n, NULL AS nothing, 'é' AS t" })).body).toEqual({
    columns: [
      { name: 'n', type: 'BIGINT' },
      { name: 'nothing', type: expect.any(String) },
      { name: 't', type: 'VARCHAR' },
    ],
    rows: [['12345678901234567', null, 'é']],
    truncated: false,
  });
  // Of the pool itself there is only what records its links.
  expect((await scene.plane.send('GET', `${pool}/tables`)).body).toEqual({ value: [], truncated: false });
  // At ARM's own address, too, the workspace's firewall stands before it.
  expect((await scene.plane.askFrom('203.0.113.4', `${pool}/tables`)).body.error?.code).toBe('ClientIpAddressNotAuthorized');
  const many = (await ask({ sql: 'SELECT * FROM range(100)', mostRows: 7 })).body;
  expect([many.rows.length, many.truncated]).toEqual([7, true]);
  const wide = (await ask({ sql: "SELECT repeat('x', 200000) FROM range(30)" })).body;
  expect([wide.rows.length, wide.truncated]).toEqual([20, true]);
  expect((await ask({ sql: 'DELETE FROM nothing' })).status).toBeGreaterThanOrEqual(400);
  expect((await ask({ sql: 'SELECT 1', mostRows: 10_001 })).body.error.code).toBe('InvalidRequestFormat');
  await scene.plane.send('POST', `${pool}/pause`);
  expect((await ask({ sql: 'SELECT 1' })).text).toContain('/resume');
  expect((await scene.plane.send('GET', `${pool}/tables`)).body.error.code).toBe('SqlPoolNotOnline');
});
