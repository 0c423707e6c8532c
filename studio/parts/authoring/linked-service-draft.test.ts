import { expect, test } from 'vitest';
import type { JsonObject } from '#arm/resource.ts';
import { bodyOf, draftOf, emptyDraft, hostOf, problemsOf, withoutKeptSecrets, withType } from './linked-service-draft.ts';

const saved = {
  type: 'PostgreSqlV2',
  description: 'the shop',
  annotations: ['keep me'],
  connectVia: { type: 'IntegrationRuntimeReference', referenceName: 'own-runtime' },
  typeProperties: {
    server: 'shop.db.example',
    port: 5444,
    database: 'shop',
    username: 'reader',
    sslMode: 0,
    commandTimeout: 30,
    password: { type: 'SecureString', value: '**********' },
  },
} satisfies JsonObject;

test('a saved one is shown without its secret, and sent back without a mask or anything else in its place', () => {
  const draft = draftOf('shop', saved);
  expect(draft).toMatchObject({ server: 'shop.db.example', port: '5444', user: 'reader', tls: '0', password: '', runtime: 'own-runtime' });
  expect(bodyOf({ ...draft, database: 'shop2' }, saved)).toEqual({
    properties: {
      type: 'PostgreSqlV2',
      description: 'the shop',
      annotations: ['keep me'],
      connectVia: { type: 'IntegrationRuntimeReference', referenceName: 'own-runtime' },
      typeProperties: { server: 'shop.db.example', port: 5444, database: 'shop2', username: 'reader', sslMode: 0, commandTimeout: 30 },
    },
  });
});

test('a password that was typed is sent as a secret', () => {
  const { properties } = bodyOf({ ...draftOf('shop', saved), password: 'new one' }, saved) as { properties: JsonObject };
  expect(properties['typeProperties']).toMatchObject({ password: { type: 'SecureString', value: 'new one' } });
});

test('a connection string that is a secret is named when it stays, and replaced when one is typed', () => {
  const secret = { type: 'SqlServer', typeProperties: { connectionString: { type: 'SecureString', value: '**********' } } };
  const draft = draftOf('old', secret);
  expect(draft).toMatchObject({ form: 'string', connectionString: '' });
  expect(bodyOf(draft, secret)).toEqual({
    properties: { type: 'SqlServer', typeProperties: { connectionString: { type: 'SecureString' } } },
  });
  const typed = { ...draft, connectionString: 'Server=db.example,1444;Initial Catalog=x;User ID=u' };
  expect(bodyOf(typed, secret)).toEqual({
    properties: { type: 'SqlServer', typeProperties: { connectionString: typed.connectionString } },
  });
  expect(hostOf(typed)).toBe('db.example');
});

test('SQL Server has its port in the server, and TLS in its own words', () => {
  const draft = {
    ...emptyDraft('SqlServer'),
    name: 'mi',
    server: 'mi.example',
    port: '1444',
    database: 'd',
    user: 'u',
    password: 'p',
    tls: 'trust',
  };
  const { properties } = bodyOf(draft) as { properties: JsonObject };
  expect(properties['typeProperties']).toEqual({
    server: 'mi.example,1444',
    database: 'd',
    authenticationType: 'SQL',
    userName: 'u',
    encrypt: 'true',
    trustServerCertificate: true,
    password: { type: 'SecureString', value: 'p' },
  });
  expect(draftOf('mi', properties)).toMatchObject({ server: 'mi.example', port: '1444', tls: 'trust', user: 'u' });
});

test('TLS words that older forms saved keep their meaning', () => {
  const tlsOf = (type: string, sslMode: string): unknown => {
    const before = { type, typeProperties: { server: 'a.example', sslMode } };
    return (bodyOf(draftOf('x', before), before)['properties'] as JsonObject)['typeProperties'];
  };
  expect(tlsOf('PostgreSqlV2', 'verify-full')).toMatchObject({ sslMode: 5 });
  expect(tlsOf('AzureMySql', 'REQUIRED')).toMatchObject({ sslMode: 2 });
  expect(tlsOf('PostgreSqlV2', 'something')).toMatchObject({ sslMode: 'something' });
});

test('another type has its own port and TLS, unless the port was chosen', () => {
  const draft = emptyDraft('PostgreSqlV2');
  expect(withType(draft, 'MySql')).toMatchObject({ type: 'MySql', port: '3306', tls: '4' });
  expect(withType({ ...draft, port: '6000' }, 'SqlServer')).toMatchObject({ port: '6000', tls: 'true' });
  expect(withType({ ...draft, tls: '0' }, 'AzurePostgreSql')).toMatchObject({ tls: '0' });
});

test('what cannot be sent is told by field; a saved one needs no password', () => {
  expect(Object.keys(problemsOf(emptyDraft('PostgreSqlV2'), true))).toEqual(['name', 'server', 'database', 'user', 'password']);
  expect(problemsOf({ ...draftOf('shop', saved), server: '10.0.0.4', port: 'x' }, false)).toEqual({
    server: expect.stringContaining('name'),
    port: expect.any(String),
  });
  expect(problemsOf(draftOf('shop', saved), false)).toEqual({});
});

test('a secret that stays is no difference between what is saved and what is wanted', () => {
  const kept = withoutKeptSecrets(saved, bodyOf(draftOf('shop', saved), saved));
  expect(kept['properties']).toMatchObject({ description: 'the shop', typeProperties: { server: 'shop.db.example' } });
  expect(JSON.stringify(kept)).not.toContain('SecureString');
  const typed = bodyOf({ ...draftOf('shop', saved), password: 'new' }, saved);
  expect(JSON.stringify(withoutKeptSecrets(saved, typed))).toContain('SecureString');
});
