import fc from 'fast-check';
import { expect, test } from 'vitest';
import { armScene, group, subscription, type ArmScene } from './arm-scene.contract.ts';
import { readUri } from './uri.ts';

const networks = `${group}/providers/Example.Net/networks`;
const net = `${networks}/n`;
const good = { location: 'x', properties: { space: 's' } };

interface Refused {
  readonly method?: string;
  readonly path?: string;
  readonly body?: unknown;
  readonly headers?: Record<string, string>;
  readonly is: readonly [status: number, code: string];
}

const tooManyTags = Object.fromEntries(Array.from({ length: 51 }, (_, i) => [`t${i}`, '']));
const deep = `${'{"a":'.repeat(200)}1${'}'.repeat(200)}`;

const refused: Readonly<Record<string, Refused>> = {
  'no token': { headers: { authorization: '' }, is: [401, 'AuthenticationFailed'] },
  'a wrong token': { headers: { authorization: 'Bearer x' }, is: [401, 'InvalidAuthenticationToken'] },
  'a write without the right': { headers: { authorization: 'Bearer reader' }, is: [403, 'AuthorizationFailed'] },
  'no api-version': { headers: { 'x-bare': '1' }, is: [400, 'MissingApiVersionParameter'] },
  'a word for an api-version': { path: `${net}?api-version=latest`, is: [400, 'InvalidApiVersionParameter'] },
  'a day that is none': { path: `${net}?api-version=2025-13-41`, is: [400, 'InvalidApiVersionParameter'] },
  'an api-version below the floor': { path: `${net}?api-version=2019-12-31`, is: [400, 'NoRegisteredProviderFound'] },
  'a preview of the floor': { path: `${net}?api-version=2020-01-01-preview`, is: [400, 'NoRegisteredProviderFound'] },
  'an unknown namespace': { path: `${group}/providers/None.Such/networks/n`, is: [404, 'InvalidResourceNamespace'] },
  'an unknown type': { path: `${group}/providers/Example.Net/nets/n`, is: [404, 'InvalidResourceType'] },
  'a type in the wrong place': { path: `${subscription}/providers/Example.Net/networks/n`, is: [404, 'InvalidResourceType'] },
  'an unknown subscription': { path: `${net.replace('1111', '2222')}`, is: [404, 'SubscriptionNotFound'] },
  'an unknown group': { path: net.replace('Shop', 'None'), is: [404, 'ResourceGroupNotFound'] },
  'an unknown parent': { path: `${net}/subnets/s`, body: { properties: { range: '1' } }, is: [404, 'ParentResourceNotFound'] },
  'a name with a blank': { path: `${networks}/a%20b`, is: [400, 'InvalidResourceName'] },
  'a name that is too long': { path: `${networks}/${'a'.repeat(81)}`, is: [400, 'InvalidResourceName'] },
  'a name that is far too long': { path: `${networks}/${'a'.repeat(8000)}`, is: [400, 'InvalidResourceName'] },
  'an encoded slash': { path: `${networks}/a%2fb`, is: [400, 'InvalidUri'] },
  'an encoded backslash': { path: `${networks}/a%5Cb`, is: [400, 'InvalidUri'] },
  'a NUL': { path: `${networks}/a%00b`, is: [400, 'InvalidUri'] },
  'a broken escape': { path: `${networks}/a%zz`, is: [400, 'InvalidUri'] },
  'no body': { body: undefined, is: [400, 'InvalidRequestContent'] },
  'malformed JSON': { body: '{"location": ', is: [400, 'InvalidRequestContent'] },
  'a list': { body: [], is: [400, 'InvalidRequestContent'] },
  'a text': { body: '"text"', is: [400, 'InvalidRequestContent'] },
  'deep nesting': { body: deep, is: [400, 'InvalidRequestContent'] },
  'a body that is too large': { body: `{"a":"${'x'.repeat(5 * 1024 * 1024)}"}`, is: [413, 'RequestContentTooLarge'] },
  'another media type': { headers: { 'content-type': 'text/plain' }, is: [415, 'UnsupportedMediaType'] },
  'a compressed body': { headers: { 'content-encoding': 'gzip' }, is: [415, 'UnsupportedMediaType'] },
  'no location': { body: { properties: { space: 's' } }, is: [400, 'LocationRequired'] },
  'a location that is a number': { body: { ...good, location: 5 }, is: [400, 'InvalidLocation'] },
  'a location with marks': { body: { ...good, location: '<x>' }, is: [400, 'InvalidLocation'] },
  'no required member': { body: { location: 'x' }, is: [400, 'InvalidRequestFormat'] },
  'a wrong type': { body: { location: 'x', properties: { space: 5 } }, is: [400, 'InvalidRequestFormat'] },
  'properties that are a list': { body: { location: 'x', properties: [] }, is: [400, 'InvalidRequestFormat'] },
  'a member beside that is wrong': { body: { ...good, sku: 'S' }, is: [400, 'InvalidRequestFormat'] },
  'children that are no list': { body: { location: 'x', properties: { space: 's', subnets: {} } }, is: [400, 'InvalidRequestFormat'] },
  'a child without a name': { body: { location: 'x', properties: { space: 's', subnets: [{}] } }, is: [400, 'InvalidRequestFormat'] },
  'a child with a slash': {
    body: { location: 'x', properties: { space: 's', subnets: [{ name: 'a/b' }] } },
    is: [400, 'InvalidResourceName'],
  },
  'tags that are a list': { body: { ...good, tags: [] }, is: [400, 'InvalidTags'] },
  'too many tags': { body: { ...good, tags: tooManyTags }, is: [400, 'InvalidTagCount'] },
  'a tag that is a number': { body: { ...good, tags: { a: 1 } }, is: [400, 'InvalidTagValue'] },
  'a long tag name': { body: { ...good, tags: { ['a'.repeat(513)]: '' } }, is: [400, 'InvalidTagNameLength'] },
  'a long tag value': { body: { ...good, tags: { a: 'a'.repeat(257) } }, is: [400, 'InvalidTagValueLength'] },
  'a tag name with marks': { body: { ...good, tags: { 'a<b': '' } }, is: [400, 'InvalidTagName'] },
  'a tag twice': { body: { ...good, tags: { a: '', A: '' } }, is: [400, 'InvalidTagName'] },
  'a method that is not there': { method: 'OPTIONS', is: [405, 'MethodNotAllowed'] },
  'a verb that a type has not': { path: subscription, is: [405, 'MethodNotAllowed'] },
  'a PUT of a collection': { path: networks, is: [405, 'MethodNotAllowed'] },
  'an address of nothing': { path: '/nothing', is: [404, 'NotFound'] },
  'an address below a group': { path: `${group}/nothing/x`, is: [404, 'InvalidResourcePath'] },
  'a foreign host': { headers: { host: 'a"b' }, is: [400, 'InvalidHost'] },
};

test.each(Object.entries(refused))('%s is refused', async (_, { method = 'PUT', path = net, headers = {}, is, ...rest }) => {
  await using scene = await armScene();
  const answer = await scene.send(method, path, 'body' in rest ? rest.body : good, headers);
  expect([answer.status, answer.body.error.code]).toEqual(is);
  expect(answer.body.error.message.length).toBeGreaterThan(10);
  expect(answer.headers['x-ms-request-id']).toBeDefined();
  expect((await scene.store.list({ within: group })).length).toBe(1);
});

test('a refusal names what is wrong and the remedy', async () => {
  await using scene = await armScene();
  const { body } = await scene.send('PUT', net, { location: 'x', properties: { space: 5, comment: 6 } });
  expect(body.error).toMatchObject({
    target: 'properties.space',
    details: [{ target: 'properties.space' }, { target: 'properties.comment' }],
  });
  expect(body.error.additionalInfo[0].type).toBe('Remedy');
  expect(body.error.message).toContain(body.error.additionalInfo[0].info.remedy);
  const anonymous = await scene.send('GET', net, undefined, { authorization: '' });
  expect(anonymous.headers['www-authenticate']).toMatch(
    /^Bearer authorization_uri="http:\/\/arm\.test:4433\/tenant", error="invalid_token", error_description="/,
  );
});

test('a location stays', async () => {
  await using scene = await armScene();
  await scene.send('PUT', net, good);
  const moved = await scene.send('PUT', net, { ...good, location: 'West Europe' });
  expect([moved.status, moved.body.error.code]).toEqual([409, 'InvalidResourceLocation']);
});

test('refused writes are in the audit log', async () => {
  await using scene = await armScene();
  await scene.send('PUT', net, good, { authorization: 'Bearer reader', 'x-ms-correlation-request-id': 'c-1' });
  await scene.send('PUT', net, { location: 'x' });
  await scene.send('GET', net);
  const records = (await scene.store.auditLog.read({})).filter((one) => one.outcome === 'refused');
  expect(records).toMatchObject([
    { action: 'Example.Net/networks/write', scope: net, principal: 'id-of-reader', code: 'AuthorizationFailed', correlationId: 'c-1' },
    { action: 'Example.Net/networks/write', scope: net, principal: 'id-of-owner', code: 'InvalidRequestFormat' },
  ]);
  expect((await scene.store.auditLog.verify()).ok).toBe(true);
});

test('the usual headers', async () => {
  await using scene = await armScene();
  const answer = await scene.send('GET', group, undefined, {
    'x-ms-correlation-request-id': 'given',
    'x-ms-client-request-id': 'mine',
    'x-ms-return-client-request-id': 'true',
  });
  expect(answer.headers).toMatchObject({
    'x-ms-correlation-request-id': 'given',
    'x-ms-client-request-id': 'mine',
    'cache-control': 'no-cache',
    'content-type': 'application/json; charset=utf-8',
    'x-isthmus-api-version': '2025-04-01',
  });
  expect(answer.headers['x-ms-routing-request-id']).toMatch(/^ISTHMUS:\d{8}T\d{6}Z:/);
  const forged = await scene.send('GET', group, undefined, { 'x-ms-correlation-request-id': 'a b\u00e9' });
  expect(forged.headers['x-ms-correlation-request-id']).toMatch(/^[0-9a-f-]{36}$/);
});

test('members named like prototypes harm nothing', async () => {
  await using scene = await armScene();
  const body =
    '{"location":"x","__proto__":{"polluted":1},"tags":{"constructor":"c"},"properties":{"space":"s","__proto__":{"comment":"p"}}}';
  const answer = await scene.send('PUT', net, body);
  expect([answer.status, answer.body.tags]).toEqual([201, { constructor: 'c' }]);
  expect(answer.body.properties.comment).toBeUndefined();
  await scene.send('PATCH', net, body);
  expect(({} as { polluted?: number }).polluted).toBeUndefined();
});

test.each(['/a/../b', '/a/%2e%2E/b', '/./a', '/a%5cb', '/a%2Fb', '/a%01', '/%E0%A4', `/${'a/'.repeat(90)}`])('%s is no address', (url) => {
  expect(() => readUri(url)).toThrow(expect.objectContaining({ code: 'InvalidUri' }));
});

function outcomeOf(url: string): string {
  try {
    const bad = readUri(url).segments.filter(
      (one) => one === '' || one === '.' || one === '..' || /[/\\]/.test(one) || one.split('').some((char) => char < ' '),
    );
    return bad.length === 0 ? 'read' : `bad segment ${bad[0]}`;
  } catch (error) {
    return (error as { code?: string }).code ?? String(error);
  }
}

test('whatever an address is, it is read or refused', () => {
  fc.assert(
    fc.property(
      fc.array(fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom('..', '.', '%', '%2f', '%00', '//', '?', 'a'))),
      (words) => {
        const read = outcomeOf(`/${words.join('/')}`);
        expect(['read', 'InvalidUri']).toContain(read);
      },
    ),
  );
});

test('names come back as they were, however they are escaped', () => {
  fc.assert(
    fc.property(fc.array(fc.stringMatching(/^[^/\\\p{Cc}.][^/\\\p{Cc}]*$/u), { minLength: 1, maxLength: 8 }), (names) => {
      const path = `/${names.map(encodeURIComponent).join('//')}/`;
      expect(readUri(`${path}?API-version=1&x=${encodeURIComponent(names[0]!)}`)).toMatchObject({ path, segments: names });
      expect(readUri(`${path}?API-version=1&x=${encodeURIComponent(names[0]!)}`).query.get('x')).toBe(names[0]);
    }),
  );
});

const words = [
  'subscriptions',
  subscription.split('/')[2]!,
  'resourceGroups',
  'Shop',
  'providers',
  'Example.Net',
  'Example.Run',
  'networks',
  'machines',
  'm',
  'n',
  'subnets',
  'tags',
  'default',
  'Microsoft.Resources',
  'resources',
  'restart',
  'locations',
  'register',
  'operationStatuses',
  '11111111-1111-4111-8111-111111111111',
  '..%2f',
  '%',
  '',
  'tenants',
  'constructor',
  '__proto__',
];
const paths = [
  group,
  net,
  `${net}/subnets/s`,
  `${group}/providers/Example.Run/machines/m`,
  `${net}/providers/Microsoft.Resources/tags/default`,
  `${group}/resources`,
  '/subscriptions',
];

/** What is wrong with the answer, if anything. */
async function troubleOf(
  scene: ArmScene,
  [method, path, query, body]: readonly [string, string, string, string],
): Promise<string | undefined> {
  const answer = await scene.send(method, `${path}?${query}`, body === '' ? undefined : body, { 'x-bare': '1' });
  const told = answer.status < 400 || method === 'HEAD' || /^[A-Z]\w+$/.test(answer.body?.error?.code);
  return answer.status < 500 && told ? undefined : `${method} ${path}?${query} ${body}: ${answer.status} ${answer.text}`;
}

test('whatever is asked, the answer is no 5xx', async () => {
  await using scene = await armScene({ loop: true });
  const troubles: string[] = [];
  const path = fc.oneof(
    fc.constantFrom(...paths),
    fc.array(fc.constantFrom(...words), { maxLength: 9 }).map((parts) => `/${parts.join('/')}`),
  );
  const query = fc.oneof(
    fc.constantFrom(
      'api-version=2025-05-01',
      'API-VERSION=2030-01-01-preview&$top=2',
      'api-version=2025-05-01&$filter=a',
      'api-version=',
      '%',
      '$skiptoken=L3N1&api-version=2025-05-01',
    ),
    fc.webQueryParameters(),
  );
  const body = fc.oneof(
    fc.constantFrom(
      '',
      '{}',
      'null',
      '[]',
      '{"location":"x","properties":{"space":"s"}}',
      '{"properties":{"tags":{"a":"b"}}}',
      '{"location":"x"}',
    ),
    fc.json(),
    fc
      .record({ location: fc.json(), tags: fc.json(), properties: fc.json() })
      .map((parts) => `{"location":${parts.location},"tags":${parts.tags},"properties":${parts.properties}}`),
  );
  const method = fc.constantFrom('GET', 'GET', 'PUT', 'PUT', 'PATCH', 'POST', 'DELETE', 'HEAD', 'OPTIONS', 'PROPFIND');
  await fc.assert(
    fc.asyncProperty(fc.tuple(method, path, query, body), async (asked) => {
      const trouble = await troubleOf(scene, asked);
      if (trouble !== undefined) troubles.push(trouble);
    }),
    { numRuns: 500 },
  );
  expect(troubles).toEqual([]);
});
