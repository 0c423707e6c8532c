import { expect, test } from 'vitest';
import { parsePgUrl } from './url.ts';

test('all parts', () => {
  const address = parsePgUrl(
    'postgresql://ann:p%40ss%2F%3A%25@db.example.org:6432/shop%2Fone?sslmode=verify-full&sslrootcert=/etc/ca%20one.pem&sslcert=c.pem&sslkey=k.pem&tls_server_name=db.internal&application_name=my%20link&connect_timeout=3',
  );
  expect({ ...address, password: address.password?.reveal() }).toEqual({
    host: 'db.example.org',
    port: 6432,
    user: 'ann',
    password: 'p@ss/:%',
    database: 'shop/one',
    sslMode: 'verify-full',
    sslRootCert: '/etc/ca one.pem',
    sslCert: 'c.pem',
    sslKey: 'k.pem',
    tlsServerName: 'db.internal',
    applicationName: 'my link',
    connectTimeoutMs: 3000,
  });
});

test('defaults', () => {
  expect(parsePgUrl('postgres://ann@localhost')).toEqual({
    host: 'localhost',
    port: 5432,
    user: 'ann',
    password: undefined,
    database: 'ann',
    sslMode: 'prefer',
    sslRootCert: undefined,
    sslCert: undefined,
    sslKey: undefined,
    tlsServerName: undefined,
    applicationName: 'isthmus',
    connectTimeoutMs: 15_000,
  });
});

test.each([
  ['postgres://a:@h/d', 'h', 5432, undefined],
  ['postgres://a:b:c@h:/d', 'h', 5432, 'b:c'],
  ['postgres://a:p@[::1]:5433/d', '::1', 5433, 'p'],
  ['postgres://a:p@[fe80::1%25eth0]/d?', 'fe80::1%eth0', 5432, 'p'],
  ['postgres://a:p@b@10.0.0.4/d', '10.0.0.4', 5432, 'p@b'],
])('%s', (url, host, port, password) => {
  const address = parsePgUrl(url);
  expect([address.host, address.port, address.password?.reveal(), address.database]).toEqual([host, port, password, 'd']);
});

test.each([
  ['host=x user=y', 'UrlForm'],
  ['mysql://a@h/d', 'UrlForm'],
  ['postgres://a:s3cret#x@h/d', 'UrlForm'],
  ['postgres://h/d', 'UrlUser'],
  ['postgres://:s3cret@h/d', 'UrlUser'],
  ['postgres://a:s3cret@/d', 'UrlHost'],
  ['postgres://a:s3cret@%2Frun%2Fpostgresql/d', 'UrlHost'],
  ['postgres://a:s3cret@::1/d', 'UrlHost'],
  ['postgres://a:s3cret@h1,h2/d', 'UrlHosts'],
  ['postgres://a:s3cret@h:99999/d', 'UrlPort'],
  ['postgres://a:s3cret@h:0/d', 'UrlPort'],
  ['postgres://a:s3cret@h:x/d', 'UrlHost'],
  ['postgres://a:s3cret%zz@h/d', 'UrlEncoding'],
  ['postgres://a:s3cret%00@h/d', 'UrlEncoding'],
  ['postgres://a:s3cret@h/d/e', 'UrlDatabase'],
  ['postgres://a:s3cret@h/d?sslmode=allow', 'UrlSslMode'],
  ['postgres://a:s3cret@h/d?sslcert=c.pem', 'UrlClientCertificate'],
  ['postgres://a:s3cret@h/d?connect_timeout=0', 'UrlTimeout'],
  ['postgres://a:s3cret@h/d?connect_timeout=1.5', 'UrlTimeout'],
  ['postgres://a:s3cret@h/d?sslmode', 'UrlOption'],
  ['postgres://a:s3cret@h/d?sslmode=prefer&sslmode=disable', 'UrlOption'],
  ['postgres://a:s3cret@h/d?target_session_attrs=any', 'UrlOption'],
])('%s is invalid: %s', (url, code) => {
  const parse = (): unknown => parsePgUrl(url);
  expect(parse).toThrow(
    expect.objectContaining({ kind: 'invalid', code, remedy: expect.any(String), message: expect.not.stringContaining('s3cret') }),
  );
});

test('an option that is not known is named, and those that are', () => {
  expect(() => parsePgUrl('postgres://a@h/d?fallback=1')).toThrow(
    expect.objectContaining({ message: expect.stringContaining('"fallback"'), remedy: expect.stringContaining('sslmode') }),
  );
});

test('the password does not show in an address that is printed', () => {
  const address = parsePgUrl('postgres://a:s3cret@h/d');
  expect(JSON.stringify(address)).not.toContain('s3cret');
});
