import { expect, test } from 'vitest';
import { switchPointIn } from './slot.ts';

const history = '1\t0/3000060\tno recovery target specified\n\n2\t0/50000A8\tbefore 2026-01-01 00:00:00+00\n';

test('a timeline history says where each timeline was left', () => {
  expect(switchPointIn(history, 1)).toBe(0x300_0060n);
  expect(switchPointIn(history, 2)).toBe(0x500_00a8n);
  expect(switchPointIn(history, 3)).toBeUndefined();
  expect(switchPointIn('', 1)).toBeUndefined();
});
