import { expect, test } from 'vitest';
import { parseSqlServerUrl } from './url.ts';

test('a URL says where and how, with every part percent-encoded where it must be', () => {
  const { password, ...address } = parseSqlServerUrl('sqlserver://link%40reader:p%2Fw@db.example:14330/the%20shop?encrypt=trust');
  expect(address).toMatchObject({
    host: 'db.example',
    port: 14_330,
    user: 'link@reader',
    database: 'the shop',
    tls: 'require',
    tlsFirst: false,
  });
  expect(password?.reveal()).toBe('p/w');
  expect(parseSqlServerUrl('sqlserver://a@[::1]/d')).toMatchObject({ host: '::1', port: 1433, tls: 'verify-full', password: undefined });
  expect(parseSqlServerUrl('sqlserver://a@h/d?encrypt=strict')).toMatchObject({ tls: 'verify-full', tlsFirst: true });
});

test('what is none is refused and not quoted', () => {
  for (const text of ['postgres://a:secret@h/d', 'sqlserver://h/d', 'sqlserver://a:secret@h/d?encrypt=perhaps', 'secret']) {
    const refused = (): unknown => parseSqlServerUrl(text);
    expect(refused).toThrow(expect.objectContaining({ kind: 'invalid', code: 'UrlForm' }));
    expect(refused).not.toThrow('secret');
  }
});
