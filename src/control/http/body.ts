import type { Readable } from 'node:stream';
import { fault, type Fault } from '#base/fault.ts';
import { parseLooseJson } from '#arm/loose-json.ts';
import type { Json } from '#arm/resource.ts';

/** Rule: a request of ARM has at most 4 MB. */
const maxBodyBytes = 4 * 1024 * 1024;
/** As much is read and thrown away of a body that is too large, so that the client comes to read why. */
const maxDrainedBytes = 64 * 1024 * 1024;

/** All of a body; undefined where there is none. Fault: `RequestContentTooLarge` (invalid). */
export function readBody(stream: Readable): Promise<Buffer | undefined> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    stream.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes <= maxBodyBytes) chunks.push(chunk);
      else chunks.length = 0;
      if (bytes > maxDrainedBytes) {
        stream.pause();
        reject(tooLarge());
      }
    });
    const cut = (): void => reject(cutOff());
    stream.on('end', () => {
      stream.off('close', cut);
      if (bytes > maxBodyBytes) reject(tooLarge());
      else resolve(chunks.length === 0 ? undefined : chunks.length === 1 ? chunks[0] : Buffer.concat(chunks));
    });
    stream.on('error', cut);
    stream.on('close', cut);
  });
}

function tooLarge(): Fault {
  return fault('invalid', 'RequestContentTooLarge', 'The request content is too large.', {
    remedy: `Send at most ${maxBodyBytes} bytes.`,
  });
}

function cutOff(): Fault {
  return fault('invalid', 'InvalidRequestContent', 'The request ended before its content.', { remedy: 'Send all of it.' });
}

const jsonTypes = /^\s*(?:application\/(?:[\w.+-]+\+)?json|text\/json)\s*(?:;|$)/i;

/** Fault: `UnsupportedMediaType` (invalid). No content type at all counts as JSON. */
export function checkMediaType(contentType: string | undefined, contentEncoding: string | undefined): void {
  if (contentEncoding !== undefined && contentEncoding.toLowerCase() !== 'identity') {
    throw fault('invalid', 'UnsupportedMediaType', 'The content is encoded in a way that is not supported.', {
      target: 'Content-Encoding',
      remedy: 'Send it uncompressed.',
    });
  }
  if (contentType === undefined || contentType === '' || jsonTypes.test(contentType)) return;
  throw fault('invalid', 'UnsupportedMediaType', 'The media type of the content is not supported.', {
    target: 'Content-Type',
    remedy: 'Send Content-Type: application/json.',
  });
}

/** The body as JSON; `loose`: as people and `az` write it. Fault: `InvalidRequestContent` (invalid). */
export function parseBody(bytes: Buffer, loose: boolean): Json {
  const text = bytes.toString('utf8');
  const bare = text.charCodeAt(0) === 0xfeff ? text.slice(1) : text;
  if (loose) return parseLooseJson(bare);
  try {
    return JSON.parse(bare) as Json;
  } catch (cause) {
    throw malformed(cause);
  }
}

function malformed(cause: unknown): Fault {
  const place = positionOf(cause);
  return fault(
    'invalid',
    'InvalidRequestContent',
    `The request content was invalid and could not be deserialized: it is not JSON${place}.`,
    {
      remedy: 'Send well-formed JSON.',
    },
  );
}

/** Where the parser stopped. Its words may quote the body, which may hold secrets: only numbers are taken. */
function positionOf(cause: unknown): string {
  const message = cause instanceof Error ? cause.message : '';
  const at = /position (\d+)/.exec(message)?.[1];
  return at === undefined ? '' : `, at character ${at}`;
}
