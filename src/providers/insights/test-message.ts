import { toFault } from '#base/fault.ts';
import type { Json, Resource } from '#arm/resource.ts';
import type { ActionGroupProperties } from './action-group.ts';
import type { AlertPost } from './alert-post.ts';
import type { AlertRecord } from './alert-record.ts';

export interface TestMessageOptions {
  readonly post: Pick<AlertPost, 'bring' | 'count'>;
  /** Milliseconds since 1970. */
  readonly nowMs: () => number;
  readonly newId: () => string;
}

/** A message that says that it is a test, to each receiver of the group. Nothing is kept of it, and nothing tried again; it counts as the receiver's message. */
export async function sendTestMessages(
  group: Resource<ActionGroupProperties>,
  { post, nowMs, newId }: TestMessageOptions,
  signal: AbortSignal,
): Promise<Json> {
  const alert = testAlert(group.id, nowMs(), newId());
  const { webhookReceivers, emailReceivers } = group.properties;
  const receivers = [
    ...webhookReceivers.map(({ name }) => ({ receiver: name, kind: 'webhook' as const })),
    ...emailReceivers.map(({ name }) => ({ receiver: name, kind: 'email' as const })),
  ];
  const results = await Promise.all(
    receivers.map(async (to): Promise<Json> => {
      const delivery = { ...to, id: newId(), about: 'Fired' as const, properties: {} };
      try {
        post.count(group.id, to.receiver);
        await post.bring(group, delivery, { rule: group.id, alert, delivery }, signal);
        return { ...to, state: 'delivered' };
      } catch (error) {
        const { code, message, remedy } = toFault(error);
        return { ...to, state: 'failed', error: { code, message: remedy === undefined ? message : `${message} ${remedy}` } };
      }
    }),
  );
  return { receivers: results };
}

function testAlert(target: string, nowMs: number, id: string): AlertRecord {
  const at = new Date(nowMs).toISOString();
  return {
    id,
    target,
    targetType: 'Microsoft.Insights/actionGroups',
    severity: 4,
    description: 'This is a test of the action group: nothing is wrong.',
    state: 'Fired',
    firedAt: at,
    resolvedAt: null,
    because: null,
    windowSize: 'PT1M',
    criteria: 'SingleResourceMultipleMetricCriteria',
    fired: { windowStart: at, windowEnd: at, conditions: [] },
    resolved: null,
    properties: {},
    deliveries: [],
  };
}
