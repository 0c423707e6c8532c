import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { toFault } from '#base/fault.ts';
import { secret } from '#base/secret.ts';
import { smtpSettings, type SmtpOptions } from './smtp-options.ts';

const read = (options: Partial<SmtpOptions>) => smtpSettings({ password: undefined, ...options });

test('an address says host, port, user and whether it is TLS from the first byte', () => {
  const password = secret('p4ss');
  expect(read({ smtp: 'smtp://ops%40example.org@mail.example.org', password })).toEqual({
    host: 'mail.example.org',
    port: 587,
    isSecure: false,
    user: 'ops@example.org',
    password: 'p4ss',
    from: 'ops@example.org',
  });
  expect(read({ smtp: 'smtps://[2001:db8::1]', smtpFrom: 'a@example.org' })).toMatchObject({
    host: '2001:db8::1',
    port: 465,
    isSecure: true,
    user: undefined,
    from: 'a@example.org',
  });
  expect(read({ smtp: 'smtp://relay:2525' })).toMatchObject({ port: 2525, from: expect.stringMatching(/^isthmus@./) });
  expect(read({})).toBeUndefined();
});

test('a password comes from a file too', () => {
  const folder = mkdtempSync(join(tmpdir(), 'isthmus-smtp-'));
  try {
    const file = join(folder, 'password');
    writeFileSync(file, 'p4ss\n');
    expect(read({ smtp: 'smtp://ops@mail', smtpPasswordFile: file })?.password).toBe('p4ss');
    expect(() => read({ smtp: 'smtp://ops@mail', smtpPasswordFile: join(folder, 'none') })).toThrow(/cannot be read/);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test.each([
  { smtp: 'smtp://ops:p4ss-canary@mail.example.org' },
  { smtp: 'http://mail.example.org' },
  { smtp: 'mail.example.org' },
  { smtp: 'smtp://ops@mail.example.org' },
  { smtp: 'smtp://mail.example.org', password: secret('p4ss-canary') },
  { smtpFrom: 'a@example.org' },
])('%j is refused with a remedy, and no password is repeated', (options) => {
  const refused = toFault(
    (() => {
      try {
        return read(options);
      } catch (error) {
        return error;
      }
    })(),
  );
  expect(refused).toMatchObject({ kind: 'invalid', code: 'BadConfig', remedy: expect.any(String) });
  expect(`${refused.message} ${refused.remedy}`).not.toContain('canary');
});
