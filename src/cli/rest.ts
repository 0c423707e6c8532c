import { text as readAll } from 'node:stream/consumers';
import { fault } from '#base/fault.ts';
import type { Json } from '#arm/resource.ts';
import { readText } from './documents.ts';
import { asJson } from './output.ts';
import type { Session } from './session.ts';

export interface RestRequest {
  readonly method: string;
  readonly path: string;
  /** JSON, `@file`, or `@-` for standard input. */
  readonly body: string | undefined;
  readonly headers: readonly string[];
}

/** One request as it is, and its answer as it comes. */
export async function restCommand({ method, path, body, headers }: RestRequest, { arm, terminal }: Session): Promise<void> {
  const sent = body === undefined ? undefined : parsedBody(await bodyText(body, terminal.input));
  const answer = await arm.send(method.toUpperCase(), path, sent, {
    signal: terminal.interrupted,
    headers: Object.fromEntries(headers.map(headerOf)),
  });
  const follow = answer.headers.get('azure-asyncoperation') ?? answer.headers.get('location');
  if (follow !== null) terminal.writeError(`status ${answer.status}, go on at ${follow}\n`);
  else if (answer.body === undefined) terminal.writeError(`status ${answer.status}\n`);
  if (answer.body !== undefined) await terminal.write(asJson(answer.body));
}

async function bodyText(body: string, input: NodeJS.ReadableStream): Promise<string> {
  if (!body.startsWith('@')) return body;
  return body === '@-' ? readAll(input) : readText(body.slice(1));
}

function parsedBody(text: string): Json {
  try {
    return JSON.parse(text) as Json;
  } catch (cause) {
    throw fault('invalid', 'BadBody', 'The body is not JSON.', {
      target: '--body',
      remedy: 'Give JSON, or a file that holds it as @FILE.',
      cause,
    });
  }
}

function headerOf(text: string): readonly [string, string] {
  const [, name, value] = /^([\w-]+)\s*[:=]\s*(.*)$/.exec(text) ?? [];
  if (name !== undefined && value !== undefined) return [name.toLowerCase(), value];
  throw fault('invalid', 'BadHeader', `'${text}' is not a header.`, { target: '--header', remedy: "Give it as 'if-match: *'." });
}
