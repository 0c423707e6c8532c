import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { fault } from '#base/fault.ts';
import { readUri } from '../http/uri.ts';
import type { BuiltFile, BuiltPages } from './built-pages.ts';
import { newNonce, pageHeaders } from './page-headers.ts';
import { plainPage } from './plain-page.ts';

const year = 31_536_000;
/** Where the page reads the nonce of its styles from. */
const noncePlace = /(<meta name="csp-nonce" content=")[^"]*(")/;

/** `/studio/…`: the page, its files; browsers that come to the root are led there. */
export function addPageRoutes(app: Pick<FastifyInstance, 'route'>, pages: BuiltPages): void {
  const get = (url: string, handler: (request: FastifyRequest, reply: FastifyReply) => Promise<FastifyReply>): void => {
    app.route({ method: ['GET', 'HEAD'], url, exposeHeadRoute: false, handler });
  };
  get('/studio', async (_request, reply) => reply.redirect('/studio/', 302));
  get('/', async ({ headers }, reply) => {
    if (/\btext\/html\b/i.test(headers.accept ?? '')) return reply.redirect('/studio/', 302);
    throw nothingThere('Resources are below /subscriptions and /providers; /openapi.json lists all addresses.');
  });
  get('/studio/*', async (request, reply) => {
    const path = readUri(request.raw.url ?? '/')
      .segments.slice(1)
      .join('/');
    const found = await pages.file(path, acceptedOf(request));
    if (found !== undefined) return sendFile(reply, found);
    // Of another build: not the page, or the browser would take it for a script.
    if (path.startsWith('assets/')) throw nothingThere('Load the page anew: the Studio was built since.');
    return sendIndex(reply, await pages.index());
  });
}

function acceptedOf({ headers }: FastifyRequest): string | undefined {
  const accepted = headers['accept-encoding'];
  return Array.isArray(accepted) ? accepted.join(',') : accepted;
}

function sendFile(reply: FastifyReply, { content, type, encoding, isImmutable }: BuiltFile): FastifyReply {
  reply.header('content-type', type).header('vary', 'accept-encoding').header('cross-origin-resource-policy', 'same-origin');
  reply.header('cache-control', isImmutable ? `public, max-age=${year}, immutable` : 'no-cache');
  if (encoding !== undefined) reply.header('content-encoding', encoding);
  return reply.send(content);
}

function sendIndex(reply: FastifyReply, index: string | undefined): FastifyReply {
  const nonce = newNonce();
  reply.headers(pageHeaders(nonce));
  if (index !== undefined) return reply.send(index.replace(noncePlace, `$1${nonce}$2`));
  const page = {
    title: 'The Studio was not built',
    sentences: [
      'Isthmus runs, and its interface answers; only the page that would be here is missing.',
      'Build it in the checkout, which takes a few seconds, then load this page again:',
    ],
    command: 'node scripts/build-studio.mjs',
  };
  return reply.code(503).send(plainPage(page, nonce));
}

function nothingThere(remedy: string): Error {
  return fault('missing', 'NotFound', 'Nothing is at this address.', { remedy });
}
