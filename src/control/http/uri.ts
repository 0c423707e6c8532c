import { fault, type Fault } from '#base/fault.ts';

/** What a request's address says. */
export interface Uri {
  /** As sent, up to the question mark. */
  readonly path: string;
  /** Decoded one by one; empty ones are left out, so `//` is `/`. None is `.` or `..`, or holds a slash, a backslash or a control character. */
  readonly segments: readonly string[];
  /** Names in lower case, values decoded. Of a name that is given twice the first counts. */
  readonly query: ReadonlyMap<string, string>;
}

const maxLength = 16_384;
const maxSegments = 80;
const noQuery: ReadonlyMap<string, string> = new Map();

/** Faults (invalid): `InvalidUri`, `UriTooLong`. */
export function readUri(url: string): Uri {
  if (url.length > maxLength) {
    throw fault('invalid', 'UriTooLong', `The address has ${url.length} characters.`, { remedy: `An address has at most ${maxLength}.` });
  }
  const question = url.indexOf('?');
  const path = question < 0 ? url : url.slice(0, question);
  return { path, segments: readSegments(path), query: question < 0 ? noQuery : readQuery(url.slice(question + 1)) };
}

function readSegments(path: string): readonly string[] {
  const segments: string[] = [];
  let from = 0;
  while (from <= path.length) {
    let to = path.indexOf('/', from);
    if (to < 0) to = path.length;
    if (to > from) segments.push(readSegment(path.slice(from, to)));
    from = to + 1;
  }
  if (segments.length > maxSegments) throw badUri('has too many segments');
  return segments;
}

function readSegment(raw: string): string {
  const text = raw.includes('%') ? decoded(raw) : raw;
  if (text === '.' || text === '..') throw badUri('has a segment that is a dot or two');
  for (let i = 0; i < text.length; i += 1) {
    const code = text.charCodeAt(i);
    if (code < 0x20 || code === 0x7f) throw badUri('has a control character');
    if (code === 0x2f || code === 0x5c) throw badUri('has a slash within a segment');
  }
  return text;
}

function readQuery(text: string): ReadonlyMap<string, string> {
  const query = new Map<string, string>();
  for (const part of text.split('&')) {
    if (part === '') continue;
    const equals = part.indexOf('=');
    const name = decoded(equals < 0 ? part : part.slice(0, equals)).toLowerCase();
    if (!query.has(name)) query.set(name, equals < 0 ? '' : decoded(part.slice(equals + 1)));
  }
  return query;
}

function decoded(raw: string): string {
  if (!raw.includes('%') && !raw.includes('+')) return raw;
  try {
    return decodeURIComponent(raw.replaceAll('+', '%20'));
  } catch (cause) {
    throw fault('invalid', 'InvalidUri', 'The address is not valid: it has a broken escape.', {
      remedy: 'Write a percent sign as %25.',
      cause,
    });
  }
}

function badUri(why: string): Fault {
  return fault('invalid', 'InvalidUri', `The address is not valid: it ${why}.`, {
    remedy: 'Write each name as one segment, with %-escapes where it needs them.',
  });
}
