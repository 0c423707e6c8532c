import { expect, test } from 'vitest';
import { linkShown } from './link-watch.ts';

const own = {
  isolated: true,
  log: { heldBytes: '4096' },
  waiting: { segments: 2, bytes: 10 },
  changesPerSecond: 3.5,
  findings: [{ severity: 'warning', code: 'NoKey', message: 'It has no key.', target: null, remedy: null }],
};
const source = { schemaName: 'public', tableName: 'orders' };

test('what the workspace says of a link, as one status', () => {
  const status = { name: 'shop', status: 'Running', lagSeconds: 0.25, isthmus: own };
  const tables = [
    { status: 'Replicating', processedRows: 7, isthmus: { source, rows: 5, rowsCopied: 5, estimatedRows: 6 } },
    {
      status: 'Failed',
      errorCode: 'NoKey',
      errorMessage: 'It has none. Give it one.',
      remedy: 'Give it one.',
      isthmus: { source: { ...source, tableName: 'a' } },
    },
  ];
  expect(linkShown(status, tables)).toMatchObject({
    name: 'shop',
    state: 'Running',
    following: true,
    isolated: true,
    lagMs: 250,
    changesPerSecond: 3.5,
    heldBytes: 4_096,
    waitingSegments: 2,
    waitingBytes: 10,
    copiedRows: 5,
    estimatedRows: 6,
    tables: [
      { table: 'public.a', state: 'Failed', fault: { code: 'NoKey', message: 'It has none.', remedy: 'Give it one.' } },
      { table: 'public.orders', state: 'Replicating', rows: 5, processedRows: 7, fault: null },
    ],
    findings: [{ severity: 'warning', code: 'NoKey' }],
    trouble: null,
  });
});

test('a link that has not begun, and what stands in its way', () => {
  const error = { code: 'EndpointPending', message: 'It waits. Approve it.', remedy: 'Approve it.' };
  expect(linkShown({ status: 'Starting', error }, [])).toMatchObject({
    following: false,
    isolated: null,
    lagMs: null,
    heldBytes: null,
    tables: [],
    trouble: { ...error, message: 'It waits.' },
  });
});
