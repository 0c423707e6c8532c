import fc from 'fast-check';
import { expect, test } from 'vitest';
import { AddressMap } from './addresses.ts';

test('every endpoint has an address of its own in 127.64.0.0/10, whatever comes and goes', () => {
  fc.assert(
    fc.property(fc.uniqueArray(fc.string(), { minLength: 1, maxLength: 200 }), fc.nat(), (ids, cut) => {
      const map = new AddressMap();
      const before = ids.map((id) => map.of(id));
      expect(new Set(before).size).toBe(ids.length);
      for (const address of before) expect(address).toMatch(/^127\.(6[4-9]|[789]\d|1[01]\d|12[0-7])\.\d+\.\d+$/);
      const kept = new Set(ids.slice(cut % ids.length));
      map.keep(kept);
      const after = ids.map((id) => map.of(id));
      expect(new Set(after).size).toBe(ids.length);
      const stays = (_: string, at: number): boolean => kept.has(ids[at] ?? '');
      expect(after.filter(stays)).toEqual(before.filter(stays));
    }),
  );
});
