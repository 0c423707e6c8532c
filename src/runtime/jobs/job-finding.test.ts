import { expect, test } from 'vitest';
import { jobFinding } from './job-finding.ts';

const finding = (remedy: string | undefined) => ({
  severity: 'warning' as const,
  code: 'AppendOnly',
  message: 'no key',
  target: undefined,
  remedy,
});

test('what a finding lacks crosses as null', () => {
  expect(jobFinding(finding(undefined))).toEqual({
    severity: 'warning',
    code: 'AppendOnly',
    message: 'no key',
    target: null,
    remedy: null,
  });
});

test('a remedy of very many statements ends after a whole one', () => {
  const { remedy } = jobFinding(finding(Array.from({ length: 1000 }, (_, i) => `ALTER TABLE part${i} REPLICA IDENTITY FULL;`).join(' ')));
  expect(remedy!.length).toBeLessThan(4100);
  expect(remedy).toMatch(/^ALTER TABLE part0 .* REPLICA IDENTITY FULL; -- and so on$/);
});
