import { once } from 'node:events';
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { connect, type AddressInfo } from 'node:net';
import { dirname, join } from 'node:path';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { studioScene, writePages, type StudioScene } from './studio-scene.contract.ts';

const index = '<!doctype html><head><meta name="csp-nonce" content="" /><title>Studio</title></head>';
const script = 'console.log(1);'.repeat(50);

async function built(scene: StudioScene): Promise<void> {
  await writePages(scene.pages, {
    'index.html': index,
    'assets/app-1a2b.js': script,
    'assets/app-1a2b.css': 'a{}',
    'picture.svg': '<svg/>',
  });
  await writeFile(join(scene.pages, 'assets/app-1a2b.js.br'), brotliCompressSync(script));
  await writeFile(join(scene.pages, 'assets/app-1a2b.js.gz'), gzipSync(script));
}

test('the page is sent for every address of it, with a policy that lets nothing in', async () => {
  await using scene = await studioScene();
  await built(scene);
  const nonces = new Set<string>();
  for (const path of ['/studio/', '/studio/sign-in', '/studio/network/a.b/c%20d?x=1', '/studio/index.html', '/studio/assets']) {
    const { status, headers, text } = await scene.send('GET', path);
    const nonce = /<meta name="csp-nonce" content="([\w-]{22})" \/>/.exec(text)?.[1];
    expect([path, status, text.includes('<title>Studio</title>')]).toEqual([path, 200, true]);
    expect(headers).toMatchObject({
      'content-type': 'text/html; charset=utf-8',
      'content-security-policy':
        `default-src 'none'; script-src 'self'; style-src 'self' 'nonce-${nonce}'; connect-src 'self'; img-src 'self' data:; ` +
        `font-src 'self' data:; base-uri 'none'; form-action 'self'; frame-ancestors 'none'`,
      'x-frame-options': 'DENY',
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'no-referrer',
      'cross-origin-opener-policy': 'same-origin',
      'cache-control': 'no-cache',
    });
    nonces.add(nonce ?? '');
  }
  expect(nonces.size).toBe(5);
});

test('files are sent packed as the browser likes, and those that never change for ever', async () => {
  await using scene = await studioScene();
  await built(scene);
  const get = async (path: string, encoding?: string) =>
    scene.send('GET', path, encoding === undefined ? {} : { 'accept-encoding': encoding });
  const asset = '/studio/assets/app-1a2b.js';
  const seen = async (encoding?: string) => (await get(asset, encoding)).headers['content-encoding'];
  expect([
    await seen(),
    await seen('gzip'),
    await seen('gzip, deflate, br, zstd'),
    await seen('br;q=0, gzip;q=0.5'),
    await seen('identity'),
  ]).toEqual([undefined, 'gzip', 'br', 'gzip', undefined]);
  const plain = await get(asset);
  expect(plain.text).toBe(script);
  expect(plain.headers).toMatchObject({
    'content-type': 'text/javascript; charset=utf-8',
    'cache-control': 'public, max-age=31536000, immutable',
    vary: 'accept-encoding',
  });
  const svg = await get('/studio/picture.svg', 'br');
  expect([svg.headers['content-type'], svg.headers['cache-control'], svg.headers['content-encoding']]).toEqual([
    'image/svg+xml',
    'no-cache',
    undefined,
  ]);
  const head = await scene.send('HEAD', asset);
  expect([head.status, head.text, head.headers['content-length']]).toEqual([200, '', String(script.length)]);
  const missing = await get('/studio/assets/app-0000.js');
  expect([missing.status, missing.body.error.code]).toEqual([404, 'NotFound']);
  expect((await scene.send('POST', '/studio/')).status).toBe(404);
});

test('nothing outside of the folder is ever sent', async () => {
  await using scene = await studioScene();
  await built(scene);
  await writeFile(join(dirname(scene.pages), 'secret.txt'), 'outside');
  await writeFile(join(scene.pages, 'stamp.bin'), 'no type that a page has');
  await scene.app.listen({ port: 0, host: '127.0.0.1' });
  const { port } = scene.app.server.address() as AddressInfo;
  const paths = [
    '/studio/../secret.txt',
    '/studio/..%2fsecret.txt',
    '/studio/%2e%2e/secret.txt',
    '/studio/assets/../../secret.txt',
    '/studio/..\\secret.txt',
    '/studio/%5c..%5csecret.txt',
    '/studio/assets/..%5c..%5csecret.txt',
    `/studio/${join(dirname(scene.pages), 'secret.txt')}`,
    '/studio//../secret.txt',
    '/studio/secret.txt%00.js',
    '/studio/stamp.bin',
    '/studio/__proto__',
    '/studio/assets/constructor',
  ];
  for (const path of paths) {
    const socket = connect(port, '127.0.0.1');
    let text = '';
    socket.on('data', (chunk: Buffer) => {
      text += chunk.toString();
    });
    socket.write(`GET ${path} HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n`);
    await once(socket, 'close');
    expect([path, text]).toEqual([path, expect.stringMatching(/^HTTP\/1\.1 (?:200 [^]*<title>Studio<\/title>|400 |404 )/)]);
    expect(text).not.toMatch(/outside|no type/);
  }
});

test('where it was not built, a page says so and how to; built since, it is there', async () => {
  await using scene = await studioScene();
  const missing = await scene.send('GET', '/studio/');
  expect(missing.status).toBe(503);
  expect(missing.text).toContain('node scripts/build-studio.mjs');
  const nonce = /<style nonce="([\w-]+)">/.exec(missing.text)?.[1];
  expect(missing.headers['content-security-policy']).toContain(`'nonce-${nonce}'`);
  await built(scene);
  expect((await scene.send('GET', '/studio/')).status).toBe(200);
  expect((await scene.send('GET', '/studio/assets/app-1a2b.js')).status).toBe(200);
});

test('a build that takes the place of another is served at once', async () => {
  await using scene = await studioScene();
  await built(scene);
  expect((await scene.send('GET', '/studio/assets/app-1a2b.js')).status).toBe(200);
  const next = `${scene.pages}.next`;
  await mkdir(next);
  await writePages(next, { 'index.html': index.replace('Studio', 'Newer'), 'assets/app-3c4d.js': 'new' });
  await rename(scene.pages, `${scene.pages}.old`);
  await rename(next, scene.pages);
  await rm(`${scene.pages}.old`, { recursive: true });
  expect((await scene.send('GET', '/studio/')).text).toContain('Newer');
  expect((await scene.send('GET', '/studio/assets/app-3c4d.js')).text).toBe('new');
  expect((await scene.send('GET', '/studio/assets/app-1a2b.js')).status).toBe(404);
});

test('browsers are led to the page, and nobody else', async () => {
  await using scene = await studioScene();
  const html = { accept: 'text/html,application/xhtml+xml,*/*;q=0.8' };
  for (const [path, headers] of [
    ['/', html],
    ['/studio', html],
    ['/studio', {}],
  ] as const) {
    const { status, headers: told } = await scene.send('GET', path, headers);
    expect([path, status, told['location']]).toEqual([path, 302, '/studio/']);
  }
  for (const headers of [{}, { accept: 'application/json' }, { accept: '*/*' }]) {
    const { status, body } = await scene.send('GET', '/', headers);
    expect([status, body.error.code]).toEqual([404, 'NotFound']);
  }
});
