import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';

/** One file of the built page, as it is sent. */
export interface BuiltFile {
  readonly content: Buffer;
  readonly type: string;
  /** Undefined: as it is. */
  readonly encoding: 'br' | 'gzip' | undefined;
  /** Its name holds a hash of what is in it: it never changes. */
  readonly isImmutable: boolean;
}

/** What was built of the Studio. It may be built anew while it is served. */
export interface BuiltPages {
  /** The page itself as text; undefined: it was not built. */
  index(): Promise<string | undefined>;
  /** `path`: segments with `/` between, decoded. Only what is in the folder is found. `accepted`: the value of `Accept-Encoding`. */
  file(path: string, accepted: string | undefined): Promise<BuiltFile | undefined>;
}

const types: Readonly<Record<string, string>> = {
  js: 'text/javascript; charset=utf-8',
  css: 'text/css; charset=utf-8',
  html: 'text/html; charset=utf-8',
  json: 'application/json; charset=utf-8',
  svg: 'image/svg+xml',
  png: 'image/png',
  webp: 'image/webp',
  ico: 'image/x-icon',
  woff2: 'font/woff2',
  txt: 'text/plain; charset=utf-8',
};
const encodings = [
  { name: 'br', suffix: '.br' },
  { name: 'gzip', suffix: '.gz' },
] as const;
const indexName = 'index.html';

interface Listing {
  /** Tells one build from the next. */
  readonly mark: string;
  readonly names: ReadonlySet<string>;
}

export function builtPages(folder: string): BuiltPages {
  let listing: Listing | undefined;
  const fresh = async (): Promise<Listing | undefined> => {
    const there = await unlessMissing(stat(join(folder, indexName)));
    const mark = there && `${there.ino} ${there.mtimeMs} ${there.size}`;
    if (mark === undefined) listing = undefined;
    else if (listing?.mark !== mark) listing = { mark, names: await namesIn(folder) };
    return listing;
  };
  const read = async (name: string): Promise<Buffer | undefined> => unlessMissing(readFile(join(folder, name)));
  return {
    index: async () => (await read(indexName))?.toString('utf8'),
    file: async (path, accepted) => {
      const names = (await fresh())?.names;
      const type = types[/\.(\w+)$/.exec(path)?.[1] ?? ''];
      if (names?.has(path) !== true || type === undefined || path === indexName) return undefined;
      const isImmutable = path.startsWith('assets/');
      for (const { name, suffix } of encodings) {
        if (!accepts(accepted, name) || !names.has(path + suffix)) continue;
        const packed = await read(path + suffix);
        if (packed !== undefined) return { content: packed, type, encoding: name, isImmutable };
      }
      const content = await read(path);
      return content && { content, type, encoding: undefined, isImmutable };
    },
  };
}

async function namesIn(folder: string): Promise<ReadonlySet<string>> {
  const entries = (await unlessMissing(readdir(folder, { recursive: true, withFileTypes: true }))) ?? [];
  const within = (path: string): string => path.slice(folder.length + 1).replaceAll('\\', '/');
  const names = entries.filter((entry) => entry.isFile()).map(({ parentPath, name }) => within(join(parentPath, name)));
  // What begins with a dot is the build's own.
  return new Set(names.filter((name) => !/(?:^|\/)\./.test(name)));
}

async function unlessMissing<T>(reading: Promise<T>): Promise<T | undefined> {
  try {
    return await reading;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw error;
  }
}

/** `gzip;q=0` says that it is not. */
function accepts(accepted: string | undefined, name: string): boolean {
  return (accepted ?? '').split(',').some((part) => {
    const [word = '', ...rest] = part.toLowerCase().split(';');
    return word.trim() === name && !rest.some((one) => /^\s*q\s*=\s*0(\.0*)?\s*$/.test(one));
  });
}
