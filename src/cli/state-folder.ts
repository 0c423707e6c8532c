import { chmodSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { environmentVariable } from '#base/config.ts';
import { fault, type Fault } from '#base/fault.ts';
import { z } from 'zod';

/** Who is signed in where. The secret itself is never kept: it is read from where it lies each time a token is due. */
export interface SignIn {
  readonly endpoint: string;
  readonly tenant: string;
  readonly clientId: string;
  /** PEM of the CA that the server's certificate is signed by. */
  readonly ca?: string | undefined;
  readonly subscription?: string | undefined;
  /** A file that holds the secret. */
  readonly secretFile?: string | undefined;
}

export interface CachedToken {
  readonly token: string;
  readonly expiresAtMs: number;
}

const signInSchema: z.ZodType<SignIn> = z.object({
  endpoint: z.string(),
  tenant: z.string(),
  clientId: z.string(),
  ca: z.string().optional(),
  subscription: z.string().optional(),
  secretFile: z.string().optional(),
});
const tokensSchema = z.record(z.string(), z.object({ token: z.string(), expiresAtMs: z.number() }));

/** What the command line keeps between commands: `ISTHMUS_HOME`, else `~/.isthmus`; only this user may read it. */
export interface StateFolder {
  readonly path: string;
  signIn(): SignIn | undefined;
  putSignIn(signIn: SignIn | undefined): void;
  token(key: string): CachedToken | undefined;
  putToken(key: string, token: CachedToken): void;
  forgetTokens(): void;
}

/** Faults: `StateDenied`. What cannot be understood counts as absent. */
export function stateFolder(path: string = environmentVariable('ISTHMUS_HOME') ?? join(homedir(), '.isthmus')): StateFolder {
  const signInFile = join(path, 'sign-in.json');
  const tokensFile = join(path, 'tokens.json');
  const tokens = (): Record<string, CachedToken> => readJson(tokensFile, tokensSchema) ?? {};
  return {
    path,
    signIn: () => readJson(signInFile, signInSchema),
    putSignIn: (signIn) => (signIn === undefined ? rmSync(signInFile, { force: true }) : writePrivately(path, signInFile, signIn)),
    token: (key) => tokens()[key],
    putToken: (key, token) => {
      const kept = Object.entries(tokens()).filter(([, { expiresAtMs }]) => expiresAtMs > Date.now());
      writePrivately(path, tokensFile, { ...Object.fromEntries(kept), [key]: token });
    },
    forgetTokens: () => rmSync(tokensFile, { force: true }),
  };
}

function readJson<T>(file: string, schema: z.ZodType<T>): T | undefined {
  const text = readIfThere(file);
  if (text === undefined) return undefined;
  try {
    return schema.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}

/** Undefined: there is none. Fault: `StateDenied`. */
export function readIfThere(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw denied(file, cause);
  }
}

function writePrivately(folder: string, file: string, value: unknown): void {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const draft = `${file}.${process.pid}.new`;
    writeFileSync(draft, `${JSON.stringify(value, undefined, 2)}\n`, { mode: 0o600 });
    chmodSync(draft, 0o600);
    renameSync(draft, file);
  } catch (cause) {
    throw denied(file, cause);
  }
}

function denied(file: string, cause: unknown): Fault {
  return fault('denied', 'StateDenied', `The file ${file} cannot be used.`, {
    target: file,
    remedy: 'Give this user the right to it, or name another folder with ISTHMUS_HOME.',
    cause,
  });
}
