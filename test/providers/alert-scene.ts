import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { SMTPServer, type SMTPServerEnvelope } from 'smtp-server';
import { z } from 'zod';
import { silentLog } from '#base/log.ts';
import type { Sealer } from '#arm/access.ts';
import type { MetricReading, MetricSource } from '#arm/metric.ts';
import { resourceType } from '#arm/resource-type.ts';
import type { JsonObject } from '#arm/resource.ts';
import { actionGroups } from '#providers/insights/action-group.ts';
import { alertAnswers } from '#providers/insights/alert-answers.ts';
import { AlertBook } from '#providers/insights/alert-book.ts';
import { AlertEvaluator } from '#providers/insights/alert-evaluator.ts';
import { AlertPost } from '#providers/insights/alert-post.ts';
import type { MailServer } from '#providers/insights/mail.ts';
import { metricAlerts } from '#providers/insights/metric-alert.ts';
import { MetricCatalog } from '#providers/insights/metric-catalog.ts';
import { Sampler } from '#providers/insights/sampler.ts';
import { SeriesStore } from '#providers/insights/series-store.ts';
import { sendTestMessages } from '#providers/insights/test-message.ts';
import { group, providerScene, sealer, type ProviderScene, type Sent } from './provider-scene.ts';

export const house: string = `${group}/providers/Test.House/houses/home`;
export const rule: string = `${group}/providers/Microsoft.Insights/metricAlerts/tooWarm`;
export const actionGroup: string = `${group}/providers/Microsoft.Insights/actionGroups/people`;
export const room = (name: string): string => `${house}/rooms/${name}`;

/** Houses and rooms whose warmth is what a test says, in time that moves when the test says so. */
export interface AlertScene extends AsyncDisposable {
  readonly plane: ProviderScene;
  nowMs: number;
  /** Who may read what is measured. */
  may: boolean;
  mail: MailServer | undefined;
  allowsLocal: boolean;
  readonly changes: string[];
  readonly evaluator: AlertEvaluator;
  readonly post: AlertPost;
  /** Time goes on by so many seconds, each with these readings; rules are looked at each time. */
  pass(seconds: number, readings: readonly MetricReading[]): Promise<void>;
  put(id: string, properties: object): Promise<Sent>;
  alerts(scope?: string, query?: Record<string, string>): Promise<readonly Alert[]>;
  /** What is kept of the group. */
  store(): Promise<unknown>;
  /** Gives the group a webhook that nobody has looked at. */
  writeAddress(name: string, uri: string, seal: Pick<Sealer, 'seal'>): Promise<void>;
  /** The program ends at once, whatever it was doing, and begins anew over the same store. */
  restart(): Promise<void>;
}

export interface Alert extends JsonObject {
  readonly id: string;
  readonly properties: {
    readonly essentials: Readonly<Record<string, string>>;
    readonly context: JsonObject;
    readonly isthmus: { readonly because?: string; readonly deliveries: readonly AlertDelivery[] };
  } & JsonObject;
}

export interface AlertDelivery extends JsonObject {
  readonly id: string;
  readonly about: string;
  readonly receiver: string;
  readonly state: string;
  readonly attempts: number;
  readonly error?: { readonly code: string; readonly message: string };
}

export const warmth = (value: number, name = 'kitchen'): MetricReading => ({ resource: room(name), metric: 'Warmth', value });
export const steps = (value: number, name = 'kitchen'): MetricReading => ({ resource: room(name), metric: 'Steps', value });

/** A rule on the kitchen; `more`: over what is usual. */
export function ruleBody(more: object = {}, criterion: object = {}): object {
  return {
    severity: 2,
    description: 'Open a window.',
    scopes: [room('kitchen')],
    evaluationFrequency: 'PT1S',
    windowSize: 'PT5S',
    criteria: {
      'odata.type': 'Microsoft.Azure.Monitor.SingleResourceMultipleMetricCriteria',
      allOf: [{ name: 'warm', metricName: 'Warmth', operator: 'GreaterThan', threshold: 25, timeAggregation: 'Average', ...criterion }],
    },
    actions: [{ actionGroupId: actionGroup }],
    ...more,
  };
}

const nothing = z.object({}) as unknown as z.ZodType<JsonObject>;
const versions = { floor: '2018-01-01', implemented: '2025-05-01' };
const houses = resourceType({ type: 'Test.House/houses', summary: 'A house', versions, location: 'optional', properties: nothing });
const rooms = resourceType({ type: 'Test.House/houses/rooms', summary: 'A room', versions, location: 'none', properties: nothing });

export async function alertScene(): Promise<AlertScene> {
  let readings: readonly MetricReading[] = [];
  const usual = { description: 'd', category: 'c', dimensions: [] };
  const source: MetricSource = {
    types: ['Test.House/houses/rooms'],
    within: { types: ['Test.House/houses'], dimension: 'RoomName' },
    definitions: [
      { ...usual, name: 'Warmth', displayName: 'Warmth', unit: 'Count', kind: 'level', aggregations: ['Average', 'Maximum', 'Minimum'] },
      { ...usual, name: 'Steps', displayName: 'Steps', unit: 'Count', kind: 'amount', aggregations: ['Total'] },
    ],
    read: async () => readings,
  };
  const catalog = new MetricCatalog([source]);
  const nowMs = (): number => scene.nowMs;
  const newId = (): string => crypto.randomUUID();
  const changes: string[] = [];
  const onChange = ({ target }: { readonly target: string }): void => void changes.push(target);
  let made: { book: AlertBook; post: AlertPost; evaluator: AlertEvaluator; sampler: Sampler; stop: AbortController } | undefined;
  const plane = await providerScene(({ store: storeOf }) => {
    const store = storeOf();
    const series = new SeriesStore();
    const book = new AlertBook(store, nowMs);
    const post = new AlertPost({
      book,
      store,
      sealer,
      get mail() {
        return scene.mail;
      },
      get allowsLocal() {
        return scene.allowsLocal;
      },
      nowMs,
      random: () => 0.5,
      log: silentLog,
      onChange,
    });
    const evaluator = new AlertEvaluator({ store, catalog, series, book, post, log: silentLog, nowMs, newId, onChange });
    const sampler = new Sampler({ sources: [source], catalog, series, store, log: silentLog, nowMs });
    made = { book, post, evaluator, sampler, stop: new AbortController() };
    return [
      houses,
      rooms,
      actionGroups({
        sealer,
        get allowsLocal() {
          return scene.allowsLocal;
        },
        sendTest: (one, signal) => sendTestMessages(one, { post, nowMs, newId }, signal),
      }),
      metricAlerts({ catalog, may: async () => scene.may, standing: (id) => evaluator.standing(id) }),
    ];
  });
  const scene: AlertScene = {
    plane,
    nowMs: Date.parse('2026-03-01T12:00:00Z'),
    may: true,
    mail: undefined,
    allowsLocal: true,
    changes,
    get evaluator() {
      return made!.evaluator;
    },
    get post() {
      return made!.post;
    },
    pass: async (seconds, now) => {
      readings = now;
      for (let second = 0; second < seconds; second += 1) {
        scene.nowMs += 1_000;
        await made!.sampler.sample();
        await made!.evaluator.tick(made!.stop.signal);
      }
    },
    put: (id, properties) => plane.send('PUT', id, { location: 'global', properties }),
    alerts: async (scope = group, query = {}) => {
      await made!.book.load();
      const ask = { scope, words: [], query: new Map(Object.entries(query)), base: 'https://arm.test' };
      return ((await alertAnswers(made!.book, nowMs)[0]!.run(ask as never)) as unknown as { value: readonly Alert[] }).value;
    },
    store: async () => await plane.store.get(actionGroup),
    writeAddress: async (name, uri, { seal }) => {
      await plane.store.write(async (transaction) => {
        const { status: _, ...before } = (await transaction.get(actionGroup))!;
        const webhookReceivers = [{ name, serviceUri: 'https://example.org/***', useCommonAlertSchema: true }];
        const sealedAddresses = { [name.toLowerCase()]: { $sealed: seal(uri) } };
        const properties = { ...before.properties, webhookReceivers, sealedAddresses };
        await transaction.put({ ...before, properties, references: [], principal: 'test', ready: true });
      });
    },
    restart: async () => {
      made!.stop.abort();
      await made!.post.settled();
      await plane.restart();
    },
    [Symbol.asyncDispose]: async () => {
      made!.stop.abort();
      await made!.post.settled();
      await plane[Symbol.asyncDispose]();
    },
  };
  await scene.put(house, {});
  for (const name of ['kitchen', 'cellar']) await scene.put(room(name), {});
  return scene;
}

export interface Received {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  // oxlint-disable-next-line typescript/no-explicit-any -- tests look into all of it
  readonly body: any;
}

/** A server that takes webhooks, on the loopback. */
export interface WebhookServer extends AsyncDisposable {
  readonly url: string;
  readonly received: Received[];
  /** Answers of the next requests; then 200. */
  readonly answers: { readonly status: number; readonly headers?: Readonly<Record<string, string>> }[];
}

/** `certificates`: PEM, for HTTPS. */
export async function webhookServer(certificates?: { readonly cert: string; readonly key: string }): Promise<WebhookServer> {
  const received: Received[] = [];
  const answers: WebhookServer['answers'] = [];
  const take = (request: IncomingMessage, response: ServerResponse): void => {
    void text(request).then((sent) => {
      received.push({ path: request.url ?? '', headers: request.headers, body: JSON.parse(sent) as unknown });
      const { status, headers = {} } = answers.shift() ?? { status: 200 };
      response.writeHead(status, headers).end('thanks');
    });
  };
  const server = certificates === undefined ? createServer(take) : createSecureServer(certificates, take);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `${certificates === undefined ? 'http' : 'https'}://127.0.0.1:${(server.address() as AddressInfo).port}`,
    received,
    answers,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** A server that takes e-mail, on the loopback. */
export interface PostOffice extends AsyncDisposable {
  readonly port: number;
  readonly mails: { readonly from: string; readonly to: readonly string[]; readonly text: string }[];
  /** Refuses recipients with this status; undefined: takes all. */
  refusal: number | undefined;
}

export async function postOffice(login?: { readonly user: string; readonly password: string }): Promise<PostOffice> {
  const office: { mails: PostOffice['mails']; refusal: number | undefined } = { mails: [], refusal: undefined };
  const keep = async ({ mailFrom, rcptTo }: SMTPServerEnvelope, stream: Readable): Promise<void> => {
    const sent = await text(stream);
    office.mails.push({ from: mailFrom === false ? '' : mailFrom.address, to: rcptTo.map(({ address }) => address), text: sent });
  };
  const server = new SMTPServer({
    authOptional: login === undefined,
    disabledCommands: login === undefined ? ['STARTTLS', 'AUTH'] : [],
    onAuth: ({ username, password }, _session, done) =>
      username === login?.user && password === login?.password ? done(null, { user: username }) : done(new RangeError('no')),
    onRcptTo: (_address, _session, done) =>
      done(office.refusal === undefined ? null : Object.assign(new RangeError('nobody'), { responseCode: office.refusal })),
    onData: (stream, { envelope }, done) => {
      void keep(envelope, stream).finally(() => setImmediate(done));
    },
    logger: false,
  });
  server.on('error', () => undefined);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()));
  const { port } = server.server.address() as AddressInfo;
  return Object.assign(office, {
    port,
    [Symbol.asyncDispose]: () => new Promise<void>((resolve) => server.close(() => resolve())),
  });
}
