import { fault } from '#base/fault.ts';
import { isWithin, keyOf, parseResourceId } from '#arm/resource-id.ts';
import type { OwnAnswer, OwnAsk } from '#arm/own-provider.ts';
import type { Json, JsonObject } from '#arm/resource.ts';
import type { AlertBook } from './alert-book.ts';
import { originId } from './alert-message.ts';
import type { AlertMoment, AlertRecord, Delivery } from './alert-record.ts';

interface Known {
  readonly rule: string;
  readonly alert: AlertRecord;
}

/** How far back, by Azure's words. */
const ranges: Readonly<Record<string, number>> = { '1h': 3_600_000, '1d': 86_400_000, '7d': 7 * 86_400_000, '30d': 30 * 86_400_000 };
const usualCount = 250;
const mostCount = 1_000;

/**
 * `Microsoft.AlertsManagement/alerts`: what fired about a resource or anything in it, newest change first. Beyond Azure, `properties.isthmus` says what
 * became of each message. Rule: https://learn.microsoft.com/rest/api/monitor/alertsmanagement/alerts/get-all. Not served: `changestate`, summaries,
 * smart groups.
 */
export function alertAnswers(book: AlertBook, nowMs: () => number): readonly OwnAnswer[] {
  return [
    {
      verb: 'GET',
      word: 'alerts',
      summary: 'Alerts about a resource, and all that lies in it',
      permission: 'Microsoft.AlertsManagement/alerts/read',
      run: async (ask) => {
        await book.load();
        const known = within(ask.scope, book);
        return ask.words.length === 0 ? listed(known, ask, nowMs()) : single(known, ask);
      },
    },
  ];
}

function within(scope: string, book: AlertBook): readonly Known[] {
  const place = keyOf(scope);
  return book.records
    .flatMap(({ rule, alerts }) => alerts.map((alert) => ({ rule, alert })))
    .filter(({ alert }) => isWithin(keyOf(alert.target), place));
}

function single(known: readonly Known[], { words, scope }: OwnAsk): JsonObject {
  const found = words.length === 1 ? known.find(({ alert }) => alert.id === words[0]!.toLowerCase()) : undefined;
  if (found !== undefined) return shown(found);
  throw fault(
    'missing',
    'AlertNotFound',
    `There is no alert '${words.join('/').slice(0, 100)}' about ${scope === '' ? 'anything here' : scope.slice(0, 300)}.`,
    {
      target: words.join('/').slice(0, 100),
      remedy: 'List those there are. Alerts are kept for 30 days.',
    },
  );
}

function listed(known: readonly Known[], { query, scope, base }: OwnAsk, nowMs: number): JsonObject {
  const wanted = known.filter((one) => isWanted(one, query, nowMs)).toSorted((one, other) => changed(other.alert) - changed(one.alert));
  if (query.get('sortorder')?.toLowerCase() === 'asc') wanted.reverse();
  const count = Math.min(wholeNumber(query.get('pagecount'), usualCount, 'pageCount') || usualCount, mostCount);
  const from = wholeNumber(query.get('$skiptoken'), 0, '$skiptoken');
  const value = wanted.slice(from, from + count).map((one) => shown(one));
  if (from + count >= wanted.length) return { value };
  const next = new URLSearchParams([...query].filter(([name]) => name !== '$skiptoken'));
  next.set('$skiptoken', String(from + count));
  return { value, nextLink: `${base}${scope}/providers/Microsoft.AlertsManagement/alerts?${next.toString()}` };
}

/** Fault: `InvalidAlertQuery` (invalid). */
function isWanted({ rule, alert }: Known, query: ReadonlyMap<string, string>, nowMs: number): boolean {
  const is = (name: string, ...values: readonly string[]): boolean => {
    const asked = query.get(name);
    return asked === undefined || asked === '' || values.some((value) => keyOf(value) === keyOf(asked));
  };
  const range = query.get('timerange');
  if (range !== undefined && !Object.hasOwn(ranges, range)) throw badQuery('timeRange', 'It is 1h, 1d, 7d or 30d.');
  return (
    is('targetresource', alert.target) &&
    is('targetresourcetype', alert.targetType) &&
    is('targetresourcegroup', parseResourceId(alert.target).group ?? '') &&
    is('monitorcondition', alert.state) &&
    is('severity', `Sev${alert.severity}`) &&
    is('alertstate', 'New') &&
    is('monitorservice', 'Platform') &&
    is('alertrule', rule, parseResourceId(rule).name) &&
    (range === undefined || Date.parse(alert.firedAt) >= nowMs - ranges[range]!)
  );
}

function wholeNumber(text: string | undefined, usual: number, name: string): number {
  if (text === undefined || text === '') return usual;
  if (/^\d{1,6}$/.test(text)) return Number(text);
  throw badQuery(name, 'It is a whole number.');
}

function badQuery(name: string, remedy: string) {
  return fault('invalid', 'InvalidAlertQuery', `Alerts cannot be listed: ${name} is not what it can be.`, { target: name, remedy });
}

function changed({ firedAt, resolvedAt }: AlertRecord): number {
  return Date.parse(resolvedAt ?? firedAt);
}

function shown({ rule, alert }: Known): JsonObject {
  const { id, target, targetType, severity, description, state, firedAt, resolvedAt } = alert;
  const { name, group } = parseResourceId(target);
  return {
    id: `${target}/providers/Microsoft.AlertsManagement/alerts/${id}`,
    type: 'Microsoft.AlertsManagement/alerts',
    name: parseResourceId(rule).name,
    properties: {
      essentials: {
        severity: `Sev${severity}`,
        signalType: 'Metric',
        alertState: 'New',
        monitorCondition: state,
        targetResource: target,
        targetResourceName: name,
        ...(group === undefined ? {} : { targetResourceGroup: group }),
        targetResourceType: targetType,
        monitorService: 'Platform',
        alertRule: rule,
        sourceCreatedId: originId(rule, alert),
        startDateTime: firedAt,
        lastModifiedDateTime: resolvedAt ?? firedAt,
        ...(resolvedAt === null ? {} : { monitorConditionResolvedDateTime: resolvedAt }),
        lastModifiedUserName: 'System',
        description,
      },
      context: {
        conditionType: alert.criteria,
        windowSize: alert.windowSize,
        fired: shownMoment(alert.fired),
        ...(alert.resolved === null ? {} : { resolved: shownMoment(alert.resolved) }),
      },
      isthmus: {
        ...(alert.because === null ? {} : { because: alert.because }),
        deliveries: alert.deliveries.map((one) => shownDelivery(one)),
      },
    },
  };
}

function shownMoment({ windowStart, windowEnd, conditions }: AlertMoment): JsonObject {
  const allOf = conditions.map(
    ({ value, ...condition }): Json => ({ ...condition, ...(value === null ? {} : { metricValue: value }) }) as unknown as Json,
  );
  return { windowStartTime: windowStart, windowEndTime: windowEnd, allOf };
}

function shownDelivery({ id, about, group, receiver, kind, state, attempts, nextMs, at, error }: Delivery): JsonObject {
  return {
    id,
    about,
    actionGroup: group,
    receiver,
    kind,
    state,
    attempts,
    ...(state === 'waiting' && attempts > 0 ? { next: new Date(nextMs).toISOString() } : {}),
    ...(at === null ? {} : { at }),
    ...(error === null ? {} : { error }),
  };
}
