import { expect, test } from 'vitest';
import { diagnosisText } from './doctor-command.ts';

const kernelEngine = { works: true, why: undefined };
const kernelLine = 'The kernel engine runs on this host: isthmus up --engine kernel.\n';
const holds = { item: 'UDP', holds: true, tries: 2, found: [] };

test('says what holds and how much was tried', () => {
  const text = diagnosisText({ isolated: true, items: [holds, { ...holds, item: 'DNS', tries: 3 }], why: undefined, kernelEngine });
  expect(text).toBe(
    `Workers on this host are isolated: 2 items hold, 5 attempts from inside a sandbox.\n  holds  UDP\n  holds  DNS\n${kernelLine}`,
  );
});

test('says what was found where an item does not hold', () => {
  const broken = { item: 'IPv6', holds: false, tries: 1, found: ['connect to ::1 port 80: connected'] };
  expect(diagnosisText({ isolated: false, items: [holds, broken], why: undefined, kernelEngine })).toBe(
    `Workers on this host are NOT isolated.\n  holds  UDP\n  FAILS  IPv6\n           connect to ::1 port 80: connected\n${kernelLine}`,
  );
});

test('says why the kernel engine does not run here, and what helps', () => {
  const why = { code: 'KernelToolMissing', message: 'The kernel engine needs /usr/sbin/nft.', remedy: 'apt-get install nftables.' };
  const text = diagnosisText({ isolated: true, items: [holds], why: undefined, kernelEngine: { works: false, why } });
  expect(text).toContain('\nThe kernel engine does not run here: The kernel engine needs /usr/sbin/nft.\n  apt-get install nftables.\n');
});
