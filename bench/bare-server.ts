// What a route costs that does nothing but speak HTTPS and JSON: the limit for `arm-put-get`. Run with the folder of an installation's certificate.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fastify from 'fastify';

const folder = process.argv[2] ?? '';
const pem = readFileSync(join(folder, 'identity/server.pem'), 'utf8');
const app = fastify({ https: { key: pem, cert: pem } });
const kept = new Map<string, unknown>();
app.get('/things/:name', (request) => kept.get((request.params as { name: string }).name));
app.put('/things/:name', (request) => {
  kept.set((request.params as { name: string }).name, request.body);
  return request.body;
});
process.send?.(Number(new URL(await app.listen({ host: '127.0.0.1', port: 0 })).port));
process.once('disconnect', () => process.exit(0));
