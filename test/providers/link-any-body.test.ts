import fc from 'fast-check';
import { expect, test } from 'vitest';
import { linkBody, linkScene, pool, workspace } from './link-scene.ts';

const words =
  'sourceDatabase targetDatabase linkedService referenceName parameters DBName typeProperties compute dataProcessIntervalMinutes linkTables source target schemaName tableName id operationType distributionOptions structureOptions type isthmus logBudget mostBytes sasToken continuationToken maxSegmentCount tables sql mostRows';
const leaf = fc.oneof(
  fc.string(),
  fc.integer(),
  fc.boolean(),
  fc.constant(null),
  fc.constantFrom('shop', 'dw', '..', '../../x', 'add', 'Hash', 'LinkedServiceReference', '__proto__', '\u0000'),
);
const { value } = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    leaf,
    fc.dictionary(fc.constantFrom(...words.split(' ')), tie('value'), { maxKeys: 4 }),
    fc.array(tie('value'), { maxLength: 3 }),
  ),
}));
const link = `${workspace}/linkConnections/shop`;
const posts = ['edittables', 'querytablestatus', 'updateLandingZoneCredential', 'preflight', 'retry', 'start'];

/** The usual body, with anything at one of its places. */
const properties = fc
  .record({ at: fc.constantFrom('sourceDatabase', 'targetDatabase', 'landingZone', 'compute', 'linkTables', 'isthmus'), given: value })
  .map(({ at, given }) => ({ properties: { ...(linkBody() as { properties: object }).properties, [at]: given } }));

test('whatever is sent to links and pools, it is taken or refused', { timeout: 60_000 }, async () => {
  await using scene = await linkScene();
  await scene.ground();
  await scene.link('shop');
  const sent = fc.oneof(
    properties.map((body) => ['PUT', link, body] as const),
    fc.tuple(fc.constantFrom(...posts), value).map(([action, body]) => ['POST', `${link}/${action}`, body] as const),
    value.map((body) => ['PUT', pool, { location: 'eastus', properties: body }] as const),
    value.map((body) => ['POST', `${pool}/query`, body] as const),
  );
  await fc.assert(
    fc.asyncProperty(sent, async ([method, path, body]) => {
      const answer = await scene.plane.send(method, path, body);
      expect(answer.status < 500 ? '' : answer.text).toBe('');
    }),
    { numRuns: 150 },
  );
  for (const path of [link, `${link}/detailedstatus`, `${link}/linktables`, pool])
    expect((await scene.plane.send('GET', path)).status).toBe(200);
});
