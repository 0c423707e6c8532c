import type { FastifyRequest } from 'fastify';
import { fault } from '#base/fault.ts';

const hostForm = /^[\w.:[\]-]{1,300}$/;

/** `https://host:port` as the client used it. Fault: `InvalidHost` (invalid). */
export function baseOf(request: Pick<FastifyRequest, 'headers'>, scheme: 'http' | 'https'): string {
  const host = request.headers.host ?? '';
  if (hostForm.test(host)) return `${scheme}://${host}`;
  throw fault('invalid', 'InvalidHost', 'The Host header is not the name of a host.', {
    target: 'Host',
    remedy: 'Send the host and port of the address.',
  });
}
