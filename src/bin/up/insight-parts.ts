import { randomUUID } from 'node:crypto';
import type { Log } from '#base/log.ts';
import { secret } from '#base/secret.ts';
import type { Service } from '#base/service.ts';
import type { Sealer } from '#arm/access.ts';
import type { LiveChanges } from '#arm/live-changes.ts';
import type { MetricSource } from '#arm/metric.ts';
import type { OwnProvider } from '#arm/own-provider.ts';
import type { AnyType } from '#arm/resource-type.ts';
import type { ResourceStore } from '#arm/store.ts';
import type { RoleAuthorizer } from '#providers/authorization/role-check.ts';
import { actionGroups } from '#providers/insights/action-group.ts';
import { alertAnswers } from '#providers/insights/alert-answers.ts';
import { AlertBook } from '#providers/insights/alert-book.ts';
import { AlertEvaluator } from '#providers/insights/alert-evaluator.ts';
import { type AlertChange, AlertPost } from '#providers/insights/alert-post.ts';
import { metricAlerts, type MetricAlertOptions } from '#providers/insights/metric-alert.ts';
import { metricAlertType } from '#providers/insights/metric-alert-shape.ts';
import { metricAnswers } from '#providers/insights/metric-answers.ts';
import { MetricCatalog } from '#providers/insights/metric-catalog.ts';
import { Sampler } from '#providers/insights/sampler.ts';
import { SeriesStore } from '#providers/insights/series-store.ts';
import { sendTestMessages } from '#providers/insights/test-message.ts';
import type { ControlJob } from './channel.ts';

export interface InsightRequest {
  readonly store: ResourceStore;
  readonly sealer: Sealer;
  readonly sources: readonly MetricSource[];
  readonly authorizer: Pick<RoleAuthorizer, 'allows'>;
  /** Rung where something else is known of an alert. */
  readonly live: Pick<LiveChanges, 'ring'>;
  readonly job: Pick<ControlJob, 'smtp' | 'allowLocalWebhooks'>;
  readonly log: Log;
}

export interface InsightParts {
  readonly types: readonly AnyType[];
  readonly own: readonly OwnProvider[];
  readonly services: readonly Service[];
}

/** What is measured, what shows it, and what tells of it. */
export function insightParts({ store, sealer, sources, authorizer, live, job, log: whole }: InsightRequest): InsightParts {
  const catalog = new MetricCatalog(sources);
  const series = new SeriesStore();
  const nowMs = Date.now;
  const newId = randomUUID;
  const log = whole.child({ part: 'alerts' });
  const may: MetricAlertOptions['may'] = (principal, action, scope) => authorizer.allows(principal, action, scope);
  const onChange = ({ rule, target, targetType }: AlertChange): void => {
    live.ring(rule, metricAlertType);
    live.ring(target, targetType);
  };
  const book = new AlertBook(store, nowMs);
  const { smtp, allowLocalWebhooks: allowsLocal } = job;
  const mail = smtp && { ...smtp, password: smtp.password === undefined ? undefined : secret(smtp.password) };
  const post = new AlertPost({ book, store, sealer, mail, allowsLocal, nowMs, random: Math.random, log, onChange });
  const evaluator = new AlertEvaluator({ store, catalog, series, book, post, log, nowMs, newId, onChange });
  const sampler = new Sampler({ sources, catalog, series, store, nowMs, log: whole.child({ part: 'metrics' }) });
  return {
    types: [
      actionGroups({ sealer, allowsLocal, sendTest: (group, signal) => sendTestMessages(group, { post, nowMs, newId }, signal) }),
      metricAlerts({ catalog, may, standing: (rule) => evaluator.standing(rule) }),
    ],
    own: [
      { namespace: 'Microsoft.Insights', answers: metricAnswers({ store, catalog, series, nowMs }) },
      { namespace: 'Microsoft.AlertsManagement', answers: alertAnswers(book, nowMs) },
    ],
    services: [sampler, evaluator],
  };
}
