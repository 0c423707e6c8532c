import { expect, test } from 'vitest';
import { modeText, refusalOf, sqlOf, troubleOf } from './link-words.ts';

test('what can be asked of a link follows from its state', () => {
  expect([refusalOf('start', 'Initial'), refusalOf('resume', 'Paused'), refusalOf('stop', 'Paused')]).toEqual([
    undefined,
    undefined,
    undefined,
  ]);
  expect(refusalOf('start', 'Paused')).toContain('It is Paused');
  expect(refusalOf('pause', 'Stopping')).toContain('Only a link that runs');
  expect(refusalOf('stop', undefined)).toContain('not known');
});

test('statements are taken out of remedies, but for those that somebody has to complete', () => {
  expect(sqlOf('ALTER ROLE "reader" REPLICATION; -- at Amazon RDS: GRANT rds_replication TO "reader";')).toBe(
    'ALTER ROLE "reader" REPLICATION; -- at Amazon RDS: GRANT rds_replication TO "reader";',
  );
  expect(sqlOf("See whose it is; if nobody's: SELECT pg_drop_replication_slot('a');")).toBe("SELECT pg_drop_replication_slot('a');");
  expect(sqlOf('Take the table out: ALTER PUBLICATION "p" DROP TABLE …;')).toBeUndefined();
  expect([sqlOf('Create it anew.'), sqlOf('Set structureOptions.type to Heap.'), sqlOf(null), sqlOf(undefined)]).toEqual([
    undefined,
    undefined,
    undefined,
    undefined,
  ]);
});

test('a remedy that the message repeats is said once', () => {
  expect(troubleOf({ error: { code: 'A', message: 'It is down. Start it.', remedy: 'Start it.' } })).toEqual({
    code: 'A',
    message: 'It is down.',
    remedy: 'Start it.',
  });
  expect(troubleOf({ error: { code: 'A', message: 'It is down.' } })).toEqual({ code: 'A', message: 'It is down.' });
  expect(troubleOf({})).toBeUndefined();
});

test('a mode is told in words', () => {
  expect(
    [undefined, 0, 1, 15].map((dataProcessIntervalMinutes) =>
      modeText({ compute: { ...(dataProcessIntervalMinutes !== undefined && { dataProcessIntervalMinutes }) } }),
    ),
  ).toEqual(['continuous', 'continuous', 'every minute', 'every 15 minutes']);
});
