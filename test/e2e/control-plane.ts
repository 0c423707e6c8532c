import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { Agent, request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { RunningProgram } from './program.ts';

export interface Credentials {
  readonly clientId: string;
  readonly clientSecret: string;
  readonly tenant: string;
}

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
  // oxlint-disable-next-line typescript/no-explicit-any -- whatever was answered
  readonly json: any;
}

export interface Asked {
  readonly method?: string;
  readonly path: string;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

/** `isthmus up` without a demo, in a folder of its own. Disposing it kills it; the folder stays until `forget`. */
export class ControlPlane implements AsyncDisposable {
  readonly folder: string;
  readonly program: RunningProgram;
  readonly arm: string;
  readonly ca: string;
  readonly subscription: string;
  readonly tenant: string;
  /** What the ready line says. */
  readonly ready: Readonly<Record<string, string>>;
  readonly administrator: Credentials;
  readonly #agent: Agent;
  #token: string | undefined;

  private constructor(folder: string, program: RunningProgram, ready: Readonly<Record<string, string>>) {
    this.folder = folder;
    this.program = program;
    this.arm = ready['arm']!;
    this.ca = ready['ca']!;
    this.subscription = ready['subscription']!;
    this.tenant = ready['tenant']!;
    this.ready = ready;
    this.administrator = JSON.parse(readFileSync(join(folder, 'identity/administrator.json'), 'utf8')) as Credentials;
    this.#agent = new Agent({ ca: readFileSync(this.ca), keepAlive: true, maxSockets: 32 });
  }

  /** On any free port. `via`: see `RunningProgram`. `more`: further options. */
  static async start(
    folder: string = mkdtempSync(join(tmpdir(), 'isthmus-arm-')),
    accessLog = true,
    via: readonly string[] = [],
    more: readonly string[] = [],
  ): Promise<ControlPlane> {
    const args = [
      'up',
      '--data',
      folder,
      '--port',
      '0',
      '--metrics-port',
      '0',
      '--sql-port',
      '0',
      ...(accessLog ? ['--access-log'] : []),
      ...more,
    ];
    const program = new RunningProgram(args, {}, via);
    try {
      return new ControlPlane(folder, program, await program.ready());
    } catch (error) {
      await program[Symbol.asyncDispose]();
      throw error;
    }
  }

  get group(): (name: string) => string {
    return (name) => `/subscriptions/${this.subscription}/resourceGroups/${name}`;
  }

  /** A token of the administrator. */
  async token(): Promise<string> {
    if (this.#token !== undefined) return this.#token;
    const { clientId, clientSecret } = this.administrator;
    const form = new URLSearchParams({
      grant_type: 'client_credentials',
      client_id: clientId,
      client_secret: clientSecret,
      scope: `${this.arm}/.default`,
    });
    const answer = await this.send({
      method: 'POST',
      path: `/${this.tenant}/oauth2/v2.0/token`,
      body: form.toString(),
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
    });
    this.#token = String(answer.json.access_token);
    return this.#token;
  }

  /** Asks as the administrator, with an api-version where the path names none. */
  async ask(asked: Asked): Promise<Answer> {
    const path = asked.path.includes('api-version=')
      ? asked.path
      : `${asked.path}${asked.path.includes('?') ? '&' : '?'}api-version=2025-05-01`;
    return this.send({ ...asked, path, headers: { authorization: `Bearer ${await this.token()}`, ...asked.headers } });
  }

  send({ method = 'GET', path, body, headers = {} }: Asked): Promise<Answer> {
    const bytes = body === undefined ? undefined : Buffer.from(typeof body === 'string' ? body : JSON.stringify(body));
    const url = new URL(this.arm);
    return new Promise((settle, fail) => {
      const sent = request(
        {
          host: url.hostname,
          port: url.port,
          path,
          method,
          agent: this.#agent,
          timeout: 20_000,
          headers: { ...(bytes ? { 'content-type': 'application/json', 'content-length': bytes.length } : {}), ...headers },
        },
        (answer) => {
          if (answer.headers['content-type']?.startsWith('text/event-stream')) {
            // It never ends by itself.
            settle({ status: answer.statusCode ?? 0, headers: answer.headers, text: '', json: undefined });
            answer.destroy();
            return;
          }
          const parts: Buffer[] = [];
          answer.on('data', (part: Buffer) => parts.push(part));
          answer.on('error', fail);
          answer.on('end', () => {
            const text = Buffer.concat(parts).toString('utf8');
            settle({ status: answer.statusCode ?? 0, headers: answer.headers, text, json: parsed(text) });
          });
        },
      );
      sent.on('error', fail);
      sent.on('timeout', () => sent.destroy(new Error(`no answer: ${method} ${path}`)));
      sent.end(bytes);
    });
  }

  forget(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.program[Symbol.asyncDispose]();
    this.#agent.destroy();
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

export interface ClientRun {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** Runs a client program with the server's CA trusted and the administrator's credentials in its environment. */
export function runClient(
  plane: ControlPlane,
  program: string,
  args: readonly string[],
  more: Readonly<Record<string, string>> = {},
): Promise<ClientRun> {
  const { clientId, clientSecret } = plane.administrator;
  const env = {
    ...process.env,
    NODE_EXTRA_CA_CERTS: plane.ca,
    REQUESTS_CA_BUNDLE: plane.ca,
    SSL_CERT_FILE: plane.ca,
    CLIENT_ID: clientId,
    CLIENT_SECRET: clientSecret,
    TENANT: plane.tenant,
    SUBSCRIPTION: plane.subscription,
    ARM: plane.arm,
    ...more,
  };
  return new Promise((settle) => {
    execFile(program, [...args], { env, maxBuffer: 64 * 1024 * 1024 }, (error, out, err) => {
      settle({ code: error ? (typeof error.code === 'number' ? error.code : 1) : 0, out, err });
    });
  });
}
