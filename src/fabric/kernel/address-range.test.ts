import { expect, test } from 'vitest';
import { hashText } from '../hash.ts';
import { chooseRange, hostLeg, RangePart, wholeRange } from './address-range.ts';

test('the first range that no route of this host leads into', () => {
  expect(chooseRange(['default', '172.17.0.0/16', 'fe80::/64'])).toEqual({ prefix: '198.18' });
  expect(chooseRange(['198.18.0.0/15'])).toEqual({ prefix: '100.127' });
  expect(chooseRange(['198.18.4.4', '198.19.0.0/24', '100.64.0.0/11'])).toEqual({ prefix: '100.127' });
  expect(wholeRange({ prefix: '198.18' })).toBe('198.18.0.0/16');
  expect(hostLeg({ prefix: '198.18' })).toBe('198.18.0.1');
});

test('where all are taken it is said which', () => {
  expect(() => chooseRange(['198.18.0.0/15', '100.64.0.0/10', 'default'])).toThrow(
    /198\.18\.0\.0\/15 and from 100\.104\.0\.0.*: 198\.18\.0\.0\/15, 100\.64\.0\.0\/10\.$/,
  );
});

test('an address belongs to its key, whoever else comes and goes', () => {
  const entries = new RangePart({ prefix: '198.18' }, 'entries');
  const [first, second] = [entries.of('/a', hashText), entries.of('/b', hashText)];
  expect(first).toMatch(/^198\.18\.(?:3[2-9]|[4-9]\d|1\d\d|2[0-4]\d|25[0-5])\.\d+$/);
  expect(second).not.toBe(first);
  entries.keep(new Set(['/a']));
  expect(entries.of('/a', hashText)).toBe(first);
  expect(new RangePart({ prefix: '198.18' }, 'entries').of('/b', hashText)).toBe(second);
});

test('two keys of one place have two addresses, and a full part says so', () => {
  const workers = new RangePart({ prefix: '198.18' }, 'workers');
  const all = Array.from({ length: 4_096 }, (_, at) => workers.of(String(at), () => 7));
  expect(new Set(all).size).toBe(4_096);
  expect(() => workers.of('one more', () => 7)).toThrow(/more than 4096/);
});
