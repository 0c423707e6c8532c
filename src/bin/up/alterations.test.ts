import { expect, test } from 'vitest';
import type { ColumnSchema, TableSchema } from '#replication/schema.ts';
import type { Step } from '#replication/segment.ts';
import { Alterations } from './alterations.ts';

function column(id: number, name: string, sourceType = 'integer'): ColumnSchema {
  return { id, name, type: { kind: 'int32' } as unknown as ColumnSchema['type'], sourceType, fidelity: 'exact' };
}

function shaped(columns: readonly ColumnSchema[], id = '1'): TableSchema {
  return { table: 'public.t', schema: 'public', name: 't', id, columns, key: [0], identity: 'key' };
}

const known = (schema: TableSchema, state = 'Replicating') => new Map([[schema.table, { schema, progress: { state } }]]);
const step = (schema: TableSchema): Step => ({ kind: 'schema', schema, fills: [] });

test('what was altered is told with the columns that came, went, and changed', () => {
  const alterations = new Alterations(() => 5);
  const before = shaped([column(1, 'id'), column(2, 'qty'), column(3, 'old')]);
  const after = shaped([column(1, 'id'), column(2, 'amount', 'bigint'), column(4, 'note')]);
  alterations.applied({ first: true, steps: [step(after)] });
  alterations.applied({ first: false, steps: [] });
  alterations.committed(known(before), known(after));
  const first = {
    table: 'public.t',
    atMs: 5,
    anew: false,
    added: ['note'],
    removed: ['old'],
    changed: [{ name: 'qty', newName: 'amount', type: 'bigint' }],
  };
  expect(alterations.told).toEqual([first]);
  // Made anew at the source, its columns have other numbers: names tell them apart.
  const anew = shaped([column(11, 'id'), column(12, 'amount', 'bigint'), column(13, 'more')], '2');
  alterations.applied({ first: true, steps: [step(anew)] });
  alterations.committed(known(after), known(anew, 'Snapshotting'));
  expect(alterations.told).toEqual([first, { table: 'public.t', atMs: 6, anew: true, added: ['more'], removed: ['note'], changed: [] }]);
});

test('a table that is new, or has the shape that it had, or whose transaction was given up, is none that was altered', () => {
  const alterations = new Alterations(() => 5);
  const [one, other] = [shaped([column(1, 'id')]), shaped([column(1, 'id'), column(2, 'x')])];
  alterations.applied({ first: true, steps: [step(one)] });
  alterations.committed(new Map(), known(one));
  alterations.applied({ first: true, steps: [step(one)] });
  alterations.committed(known(one), known(structuredClone(one)));
  alterations.applied({ first: true, steps: [step(other)] });
  alterations.applied({ first: true, steps: [] });
  alterations.committed(known(one), known(other));
  expect(alterations.told).toEqual([]);
});

test('only the latest are told', () => {
  const alterations = new Alterations(() => 0);
  let before = shaped([column(1, 'id')]);
  for (let n = 2; n < 100; n += 1) {
    const after = shaped([...before.columns, column(n, `c${n}`)]);
    alterations.applied({ first: true, steps: [step(after)] });
    alterations.committed(known(before), known(after));
    before = after;
  }
  expect(alterations.told.map(({ added }) => added[0])).toEqual(Array.from({ length: 50 }, (_, n) => `c${n + 50}`));
});
