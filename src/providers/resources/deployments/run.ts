import { randomUUID } from 'node:crypto';
import { failpoint } from '#base/failpoint.ts';
import { fault, policies, toFault, type Fault } from '#base/fault.ts';
import { parseResourceId } from '#arm/resource-id.ts';
import type { Outcome, Principal, ReconcileContext, Reconciler } from '#arm/resource-type.ts';
import type { Resource } from '#arm/resource.ts';
import { type DeploymentAsked, openAsked } from './asked.ts';
import { leftovers } from './complete-mode.ts';
import { readPlace } from './place.ts';
import { outputsOf, type Progress, progressOf, shownOfPlan, type Step, stepError } from './progress.ts';
import { knownType, type Reading, withReads } from './reads.ts';
import { type Plan, planTemplate } from './template/plan.ts';
import { idKey } from './template/ids.ts';
import type { PlannedResource } from './template/resources.ts';
import type { DeploymentOptions } from './tools.ts';

const maxAtOnce = 16;

/** One run of a deployment, as far as one call of its reconciler goes. */
interface Run extends Reading {
  readonly plan: Plan;
  readonly self: Resource<DeploymentAsked>;
  readonly steps: Map<string, Step>;
  readonly started: string;
  readonly context: ReconcileContext;
  readonly now: () => string;
}

/**
 * Makes a deployment true: writes what its template names in an order in which nothing comes before what it depends on, as whoever asked for
 * the deployment, and waits until each has settled. What was begun is kept in its outputs; a resource that was written just before a crash is
 * written once more, which changes nothing.
 */
export function deploymentReconciler(options: DeploymentOptions): Reconciler<DeploymentAsked> {
  const { now = () => new Date() } = options;
  return async (self, context) => {
    if (self.properties.cancelled === true) return canceled(self);
    const tools = options.tools();
    const principal = await principalOf(self.changedBy, tools.principalOf);
    const opened = openAsked(self.properties, options.sealer);
    const place = await readPlace(parseResourceId(self.id), opened.mode, {
      resources: context.resources,
      environment: options.environment,
    });
    const plan = planTemplate({ ...opened, place });
    const before = progressOf(self);
    const run: Run = {
      tools,
      principal,
      plan,
      self,
      context,
      resources: context.resources,
      known: new Map(),
      steps: new Map((before?.steps ?? []).map((step) => [idKey(step.id), step])),
      started: before?.startedAt ?? now().toISOString(),
      now: () => now().toISOString(),
    };
    return await advance(run);
  };
}

async function principalOf(id: string, find: (id: string) => Promise<Principal | undefined>): Promise<Principal> {
  const found = await find(id);
  if (found !== undefined) return found;
  throw fault('denied', 'PrincipalNotFound', `Who asked for the deployment, the principal ${id}, is not there any more.`, {
    target: id,
    remedy: 'Have somebody else deploy it anew.',
  });
}

function canceled(self: Resource<DeploymentAsked>): Outcome {
  const trouble = fault('conflict', 'DeploymentCanceled', `The deployment '${self.name}' was canceled; what it had written stays.`, {
    target: self.id,
    remedy: 'Deploy it anew, or delete what is not wanted.',
  });
  return { kind: 'failed', fault: trouble };
}

/** Goes as far as it can without waiting. */
async function advance(run: Run): Promise<Outcome> {
  for (let hasMoved = true; hasMoved;) {
    hasMoved = await refreshAll(run);
    hasMoved = (await writeFree(run)) || hasMoved;
  }
  const waiting = await waitingOutcome(run);
  if (waiting !== undefined) return waiting;
  if (failedSteps(run).length > 0) return failedOutcome(run);
  if (run.self.properties.mode === 'Complete' && (await removeLeftovers(run))) {
    const removing = await waitingOutcome(run);
    return removing ?? (failedSteps(run).length > 0 ? failedOutcome(run) : await finish(run));
  }
  return await finish(run);
}

/** Writes all that nothing holds back, and what that sets free, some at a time. True: something was written. */
async function writeFree(run: Run): Promise<boolean> {
  const begun = new Set<string>();
  const writing = new Set<Promise<void>>();
  const troubles: unknown[] = [];
  do {
    const free = run.plan.resources.filter((one) => !begun.has(one.key) && isFree(run, one));
    for (const one of troubles.length > 0 ? [] : free.slice(0, maxAtOnce - writing.size)) {
      begun.add(one.key);
      const work: Promise<void> = write(run, one)
        .catch((error: unknown) => void troubles.push(error))
        .finally(() => writing.delete(work));
      writing.add(work);
    }
    if (writing.size > 0) await Promise.race(writing);
  } while (writing.size > 0);
  // What may pass: the loop calls again.
  if (troubles.length > 0) throw toFault(troubles[0]);
  return begun.size > 0;
}

function isFree(run: Run, resource: PlannedResource): boolean {
  if (!resource.wanted || resource.existing || run.steps.has(resource.key)) return false;
  return [...resource.dependsOn].every((key) => run.steps.get(key)?.state === 'Succeeded');
}

async function write(run: Run, resource: PlannedResource): Promise<void> {
  const { id, type: typeName, name, key } = resource;
  const step: Step = { id, type: typeName, name, operationId: randomUUID(), action: 'Create', state: 'Running', startedAt: run.now() };
  try {
    const type = knownType(run.tools, typeName, id);
    const body = await withReads(run, (read) => run.plan.bodyOf(resource, read));
    await run.tools.authorizer.check(run.principal, `${type.permissionType}/write`, id);
    const apiVersion = resource.apiVersion === '' ? type.versions.implemented : resource.apiVersion;
    await failpoint('deployment.write.before');
    await run.tools.writer.put({ id, apiVersion, body, principal: run.principal, correlationId: run.self.properties.run });
    await failpoint('deployment.write.after');
    run.steps.set(key, await refreshed(run, step));
    run.known.delete(key);
  } catch (error) {
    run.steps.set(key, failed(run, step, finalFault(run, error)));
  }
}

/** What may pass is thrown on, for the loop to try again; what will not is the step's end. */
function finalFault(run: Run, error: unknown): Fault {
  const trouble = toFault(error);
  if (run.context.signal.aborted || policies[trouble.kind].retry === 'backoff') throw trouble;
  return trouble;
}

function failed(run: Run, step: Step, trouble: Fault): Step {
  return { ...step, state: 'Failed', endedAt: run.now(), error: stepError(trouble) };
}

/** Looks at all that was begun. True: something ended. */
async function refreshAll(run: Run): Promise<boolean> {
  let hasMoved = false;
  for (const [key, step] of run.steps) {
    if (step.state !== 'Running') continue;
    const next = await refreshed(run, step);
    if (next === step) continue;
    run.steps.set(key, next);
    run.known.delete(key);
    hasMoved = true;
  }
  return hasMoved;
}

async function refreshed(run: Run, step: Step): Promise<Step> {
  const now = await run.resources.get(step.id);
  const done: Step = { ...step, state: 'Succeeded', endedAt: run.now() };
  if (now === undefined || (step.action === 'Create' && now.deleting)) {
    if (step.action === 'Delete') return done;
    return failed(
      run,
      step,
      fault('conflict', 'ResourceDeleted', `The resource '${step.id}' was deleted during the deployment.`, { target: step.id }),
    );
  }
  const { status, generation } = now;
  if (status.settled !== generation) return step;
  if (status.outcome === 'failed') return { ...done, state: 'Failed', error: errorOf(now) };
  return status.outcome === 'ready' && step.action === 'Create' ? done : step;
}

function errorOf({ status, id }: Resource): Step['error'] & object {
  const { code = 'Failed', message = 'It failed.', target, remedy } = status.fault ?? {};
  return { code, message, target: target ?? id, ...(remedy === undefined ? {} : { remedy }) };
}

/** Takes away what the group holds and the template does not name. True: there was something, or still is. */
async function removeLeftovers(run: Run): Promise<boolean> {
  const { tools, principal, self } = run;
  const left = await leftovers(run, parseResourceId(self.id), run.plan);
  const refusals: [string, Step][] = [];
  let hasMoved = false;
  for (const { id, type: typeName, name, deleting } of left) {
    const key = idKey(id);
    if (run.steps.has(key)) continue;
    const step: Step = { id, type: typeName, name, operationId: randomUUID(), action: 'Delete', state: 'Running', startedAt: run.now() };
    try {
      const type = knownType(tools, typeName, id);
      await tools.authorizer.check(principal, `${type.permissionType}/delete`, id);
      if (!deleting)
        await tools.writer.delete({ id, apiVersion: type.versions.implemented, principal, correlationId: self.properties.run });
      run.steps.set(key, step);
      hasMoved = true;
    } catch (error) {
      refusals.push([key, failed(run, step, finalFault(run, error))]);
    }
  }
  await refreshAll(run);
  const isRemoving = [...run.steps.values()].some(({ state }) => state === 'Running');
  // What others still refer to goes when those are gone: tried again until nothing moves.
  if (refusals.length > 0 && !hasMoved && !isRemoving) for (const [key, step] of refusals) run.steps.set(key, step);
  else if (refusals.length > 0 && !isRemoving) return await removeLeftovers(run);
  return left.length > 0;
}

function failedSteps(run: Run): readonly Step[] {
  return [...run.steps.values()].filter(({ state }) => state === 'Failed');
}

async function waitingOutcome(run: Run): Promise<Outcome | undefined> {
  const running = [...run.steps.values()].filter(({ state }) => state === 'Running');
  const [first] = running;
  if (first === undefined) return undefined;
  const resource = await run.resources.get(first.id);
  const why = resource?.status.outcome === 'waiting' ? resource.status.waitingFor : undefined;
  const others = running.length > 1 ? ` and ${running.length - 1} more` : '';
  const verb = first.action === 'Create' ? 'settle' : 'go';
  const elapsedMs = Date.parse(run.now()) - Date.parse(run.started);
  return {
    kind: 'waiting',
    for: `Waiting for ${first.id}${others} to ${verb}.${why === undefined ? '' : ` ${first.name}: ${why}`}`,
    retryMs: Math.round(Math.min(2000, 50 + elapsedMs / 10)),
    outputs: outputsOf(progress(run)),
  };
}

function progress(run: Run, more: Progress['shown'] = {}): Progress {
  return {
    run: run.self.properties.run,
    startedAt: run.started,
    shown: { ...shownOfPlan(run.plan), ...more },
    steps: [...run.steps.values()],
  };
}

function failedOutcome(run: Run): Outcome {
  const steps = failedSteps(run);
  const details = steps.map(({ id, error }) =>
    fault('conflict', error?.code ?? 'Failed', error?.message ?? 'It failed.', { target: error?.target ?? id, remedy: error?.remedy }),
  );
  const listed = steps.slice(0, 5).map(({ name, error }) => `${name}: ${error?.code ?? ''} ${error?.message ?? ''}`.trim());
  const message = `At least one resource deployment operation failed. ${listed.join(' ')}`;
  const trouble = fault('conflict', 'DeploymentFailed', message.slice(0, 4000), {
    target: run.self.id,
    details,
    remedy: 'List the deployment operations for details, correct what failed, and deploy again.',
  });
  return { kind: 'failed', fault: trouble, outputs: outputsOf({ ...progress(run, outputResources(run)), endedAt: run.now() }) };
}

async function finish(run: Run): Promise<Outcome> {
  try {
    const outputs = await withReads(run, run.plan.outputs);
    return { kind: 'ready', outputs: outputsOf({ ...progress(run, { ...outputResources(run), outputs }), endedAt: run.now() }) };
  } catch (error) {
    const trouble = finalFault(run, error);
    const message = `Unable to evaluate the outputs of the deployment: ${trouble.message}`;
    return {
      kind: 'failed',
      fault: fault('invalid', 'DeploymentOutputEvaluationFailed', message, {
        target: trouble.target,
        remedy: trouble.remedy,
        cause: trouble,
      }),
      outputs: outputsOf({ ...progress(run, outputResources(run)), endedAt: run.now() }),
    };
  }
}

function outputResources(run: Run): Progress['shown'] {
  const made = [...run.steps.values()].filter(({ state, action }) => state === 'Succeeded' && action === 'Create');
  return { outputResources: made.map(({ id }) => ({ id })) };
}
