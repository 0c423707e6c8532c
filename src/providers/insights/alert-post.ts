import { failpoint } from '#base/failpoint.ts';
import { fault, policies, toFault, type Fault } from '#base/fault.ts';
import type { Log } from '#base/log.ts';
import type { Sealer } from '#arm/access.ts';
import { keyOf, parseResourceId } from '#arm/resource-id.ts';
import type { Resource } from '#arm/resource.ts';
import type { ResourceReader } from '#arm/store.ts';
import { type ActionGroupProperties, actionGroupType } from './action-group.ts';
import type { AlertBook } from './alert-book.ts';
import { type AlertNews, commonAlertSchema, subjectOf, textOf } from './alert-message.ts';
import type { AlertRecord, Delivery, RuleRecord } from './alert-record.ts';
import { type MailServer, sendMail } from './mail.ts';
import { postWebhook } from './webhook.ts';

export interface AlertPostOptions {
  readonly book: AlertBook;
  readonly store: Pick<ResourceReader, 'get'>;
  readonly sealer: Pick<Sealer, 'open'>;
  /** Undefined: there is no e-mail. */
  readonly mail: MailServer | undefined;
  /** Webhooks may lead to this host itself. */
  readonly allowsLocal: boolean;
  /** Milliseconds since 1970. */
  readonly nowMs: () => number;
  /** Between 0 and 1. */
  readonly random: () => number;
  readonly log: Log;
  readonly onChange: (alert: AlertChange) => void;
}

/** Something else is known of an alert of this rule, about this resource. */
export interface AlertChange {
  readonly rule: string;
  readonly target: string;
  readonly targetType: string;
}

const mostAtOnce = 8;
const timeoutMs = 15_000;
const firstRetryMs = 5_000;
const longestRetryMs = 3_600_000;
const givenUpMs = 24 * 3_600_000;
const hourMs = 3_600_000;
/** So many messages get to one receiver within an hour; Azure has limits of that kind too. */
const mostAnHour = 100;

interface Due {
  readonly record: RuleRecord;
  readonly alert: AlertRecord;
  readonly delivery: Delivery;
}

/** Brings messages to receivers: each until it was taken, refused, or a day has passed. What is delivered is written down after it is: at least once. */
export class AlertPost {
  readonly #options: AlertPostOptions;
  readonly #underway = new Map<string, Promise<void>>();
  /** When messages to a receiver were tried first, of the last hour. */
  readonly #sent = new Map<string, number[]>();

  constructor(options: AlertPostOptions) {
    this.#options = options;
  }

  /** Begins with what is due and not yet on its way. */
  pump(signal: AbortSignal): void {
    const nowMs = this.#options.nowMs();
    const all = this.#options.book.records.flatMap((record) => record.alerts.map((alert) => ({ record, alert })));
    for (const { record, alert } of all)
      for (const delivery of alert.deliveries) if (isDue(delivery, alert, nowMs)) this.#begin({ record, alert, delivery }, signal);
  }

  /** Until nothing is on its way. */
  async settled(): Promise<void> {
    while (this.#underway.size > 0) await Promise.all(this.#underway.values());
  }

  #begin(due: Due, signal: AbortSignal): void {
    const { id } = due.delivery;
    if (signal.aborted || this.#underway.has(id) || this.#underway.size >= mostAtOnce) return;
    const done = this.#deliver(due, signal)
      .catch((error: unknown) => this.#options.log.warn({ err: toFault(error) }, 'what became of a message could not be written down'))
      .finally(() => this.#underway.delete(id));
    this.#underway.set(id, done);
  }

  async #deliver(due: Due, signal: AbortSignal): Promise<void> {
    const trouble = await this.#tried(due, signal);
    if (trouble?.kind === 'cancelled') return;
    await failpoint('insights.delivery.noted.before');
    const { record, alert, delivery } = due;
    const nowMs = this.#options.nowMs();
    const next = outcome(due, trouble, { nowMs, random: this.#options.random() });
    const facts = { rule: parseResourceId(record.rule).name, receiver: delivery.receiver, delivery: delivery.id, attempt: next.attempts };
    if (trouble === undefined) this.#options.log.info(facts, 'alert delivered');
    else this.#options.log.warn({ ...facts, err: trouble, state: next.state }, 'alert not delivered');
    await this.#options.book.change(record.rule, (now) => noted(now, alert.id, next));
    const { target, targetType } = alert;
    this.#options.onChange({ rule: record.rule, target, targetType });
  }

  /** Why it was not taken; undefined: it was. */
  async #tried(due: Due, signal: AbortSignal): Promise<Fault | undefined> {
    try {
      await this.#send(due, signal);
      return undefined;
    } catch (error) {
      return toFault(error);
    }
  }

  async #send({ record, alert, delivery }: Due, signal: AbortSignal): Promise<void> {
    const { store } = this.#options;
    const group = (await store.get(delivery.group)) as unknown as Resource<ActionGroupProperties> | undefined;
    if (group?.type !== actionGroupType) throw gone(delivery, 'its action group');
    if (delivery.attempts === 0) this.count(delivery.group, delivery.receiver);
    await this.bring(group, delivery, { rule: record.rule, alert, delivery }, signal);
  }

  /** One message to one receiver of a group, now. Faults: those of webhooks and mail; `ReceiverGone` (missing), `NoMailServer` (unsupported). */
  async bring(
    group: Resource<ActionGroupProperties>,
    to: Pick<Delivery, 'id' | 'receiver' | 'kind'>,
    news: AlertNews,
    signal: AbortSignal,
  ): Promise<void> {
    const { sealer, mail, allowsLocal } = this.#options;
    const key = keyOf(to.receiver);
    if (to.kind === 'webhook') {
      const sealed = group.properties.sealedAddresses?.[key];
      if (sealed === undefined || !group.properties.webhookReceivers.some(({ name }) => keyOf(name) === key)) throw gone(to, 'the webhook');
      const uri = sealer.open(sealed.$sealed).reveal();
      await postWebhook({ uri, body: JSON.stringify(commonAlertSchema(news)), deliveryId: to.id, timeoutMs, allowsLocal }, signal);
      return;
    }
    const receiver = group.properties.emailReceivers.find(({ name }) => keyOf(name) === key);
    if (receiver === undefined) throw gone(to, 'the e-mail address');
    if (mail === undefined) throw noMailServer();
    await sendMail(mail, { to: receiver.emailAddress, subject: subjectOf(news), text: textOf(news), deliveryId: to.id }, signal);
  }

  /** Before a message is sent to a receiver for the first time. Fault: `TooManyMessages` (unsupported). */
  count(group: string, receiver: string): void {
    const nowMs = this.#options.nowMs();
    const key = keyOf(`${group} ${receiver}`);
    const recent = (this.#sent.get(key) ?? []).filter((ms) => ms > nowMs - hourMs);
    if (recent.length >= mostAnHour)
      throw fault('unsupported', 'TooManyMessages', `The receiver ${receiver} had ${mostAnHour} messages within the last hour.`, {
        target: group,
        remedy: 'Give the rule a longer window or a threshold that is not crossed to and fro.',
      });
    this.#sent.set(key, [...recent, nowMs]);
  }
}

/** That it fired is told before that it was resolved. */
function isDue(delivery: Delivery, { deliveries }: AlertRecord, nowMs: number): boolean {
  if (delivery.state !== 'waiting' || delivery.nextMs > nowMs) return false;
  return (
    delivery.about === 'Fired' ||
    !deliveries.some(
      ({ about, state, group, receiver }) =>
        about === 'Fired' && state === 'waiting' && group === delivery.group && receiver === delivery.receiver,
    )
  );
}

function outcome(
  { alert, delivery }: Due,
  trouble: Fault | undefined,
  { nowMs, random }: { readonly nowMs: number; readonly random: number },
): Delivery {
  const attempts = delivery.attempts + 1;
  const tried = { ...delivery, attempts, at: new Date(nowMs).toISOString() };
  if (trouble === undefined) return { ...tried, state: 'delivered', error: null };
  const { code, message, remedy } = trouble;
  const error = { code, message: remedy === undefined ? message : `${message} ${remedy}` };
  if (trouble.kind === 'missing') return { ...tried, state: 'dropped', error };
  const sinceMs = Date.parse((delivery.about === 'Resolved' ? alert.resolvedAt : null) ?? alert.firedAt);
  const isOver = policies[trouble.kind].retry !== 'backoff' || nowMs - sinceMs > givenUpMs;
  if (isOver) return { ...tried, state: 'failed', error };
  const whole = Math.min(longestRetryMs, firstRetryMs * 2 ** Math.min(delivery.attempts, 20));
  return { ...tried, state: 'waiting', error, nextMs: nowMs + Math.round(whole / 2 + (whole / 2) * random) };
}

function noted(record: RuleRecord, alertId: string, next: Delivery): RuleRecord {
  const change = (alert: AlertRecord): AlertRecord => ({
    ...alert,
    deliveries: alert.deliveries.map((one) => (one.id === next.id ? next : one)),
  });
  return { ...record, alerts: record.alerts.map((alert) => (alert.id === alertId ? change(alert) : alert)) };
}

function gone({ receiver }: Pick<Delivery, 'receiver'>, what: string): Fault {
  return fault('missing', 'ReceiverGone', `The receiver ${receiver} is not there any more: ${what} was removed.`, {
    target: receiver,
    remedy: 'Nothing is to be done, unless it should be told.',
  });
}

function noMailServer(): Fault {
  return fault('unsupported', 'NoMailServer', 'E-mail cannot be sent: this installation knows no mail server.', {
    remedy: 'Run isthmus up with --smtp smtp://user@host:587.',
  });
}
