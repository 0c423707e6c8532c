import { wordOf } from '#arm/client-answer.ts';
import { fault } from '#base/fault.ts';
import { keyOf } from '#arm/resource-id.ts';
import type { Json, JsonObject } from '#arm/resource.ts';
import { isObject, readDocuments, type Document } from './documents.ts';
import { asFields, asJson, type OutputFormat } from './output.ts';
import { isNeeded, plainResources, planLines, planSummary, resourceStep, type PlannedChange, type Step } from './plan.ts';
import { progressLine } from './progress-line.ts';
import type { Whereabouts } from './resource-paths.ts';
import type { Session } from './session.ts';
import { canAsk, confirm } from './terminal.ts';
import { templateStep } from './what-if.ts';

export interface ApplyRequest {
  readonly files: readonly string[];
  readonly group: string | undefined;
  readonly location: string | undefined;
  readonly scope: string | undefined;
  readonly parameters: readonly string[];
  readonly yes: boolean;
  /** Only says what would change. */
  readonly whatIf: boolean;
  /** Writes also what does not differ. */
  readonly rewrite: boolean;
  readonly output: OutputFormat;
}

/** Makes what the files ask for: says what will change, asks, does it in order, waits. What is so already is left alone. */
export async function applyCommand(request: ApplyRequest, session: Session): Promise<void> {
  const { terminal } = session;
  const steps = await plannedSteps(request, session);
  const changes = steps.flatMap((step) => step.changes);
  const needed = steps.filter(isNeeded);
  const isTable = request.output === 'table';
  if (isTable) await terminal.write(planLines(changes));
  if (needed.length === 0 || request.whatIf) {
    const summary = needed.length === 0 ? 'Nothing changes.' : `${planSummary(changes)}.`;
    return terminal.write(isTable ? `${summary}\n` : asJson(result(changes, { isApplied: false, outputs: {} })));
  }
  if (!request.yes && canAsk(terminal) && !(await confirm(terminal, `Apply: ${planSummary(changes)}?`))) {
    throw fault('cancelled', 'NotConfirmed', 'Nothing was changed.', { remedy: 'Answer y, or give --yes.' });
  }
  const outputs = await perform(needed, session, isTable);
  if (!isTable) return terminal.write(asJson(result(changes, { isApplied: true, outputs })));
  await terminal.write(`Done.\n${asFields(mapped(outputs, (value) => (typeof value === 'string' ? value : JSON.stringify(value))))}`);
}

/** `isthmus diff`: what `apply` would change. */
export async function diffCommand(request: Omit<ApplyRequest, 'yes' | 'whatIf' | 'rewrite'>, session: Session): Promise<void> {
  await applyCommand({ ...request, yes: false, whatIf: true, rewrite: false }, session);
}

async function plannedSteps({ files, location, parameters, rewrite, ...rest }: ApplyRequest, session: Session): Promise<readonly Step[]> {
  const documents = await readDocuments(files, session.terminal.input);
  const where: Whereabouts = { subscription: await session.subscription(), group: rest.group, scope: rest.scope };
  const first = await groupStep(where, location, session);
  const steps: Step[] = first === undefined ? [] : [first];
  for (const one of plainResources(documents, where)) steps.push(await resourceStep(one, session, rewrite));
  const target = { ...where, location, parameters, isGroupNew: first !== undefined };
  for (const one of documents.filter(isTemplate)) steps.push(await templateStep(one, target, session));
  const used = documents.some((one) => one.kind === 'template');
  if (parameters.length > 0 && !used) {
    throw fault('invalid', 'NoTemplate', 'Parameters were given, and no template that could take them.', {
      remedy: 'Leave --parameters out.',
    });
  }
  return withoutTwice(steps);
}

function isTemplate(document: Document): document is Extract<Document, { kind: 'template' }> {
  return document.kind === 'template';
}

/** The group that --group names, where it is missing and --location says where to make it. */
async function groupStep({ subscription, group }: Whereabouts, location: string | undefined, { arm }: Session): Promise<Step | undefined> {
  if (group === undefined || location === undefined) return undefined;
  const path = `/subscriptions/${subscription}/resourceGroups/${encodeURIComponent(group)}`;
  if (await arm.find(path)) return undefined;
  return { changes: [{ id: path, change: 'create', fields: [] }], perform: (options) => arm.put(path, { location }, options) };
}

/** A group that is made first may be asked for by a file too. */
function withoutTwice(steps: readonly Step[]): readonly Step[] {
  const [first, ...rest] = steps;
  const id = first?.changes[0] && keyOf(first.changes[0].id);
  const isAgain = rest.some(({ changes }) => changes.length === 1 && keyOf(changes[0]!.id) === id);
  return isAgain ? rest : steps;
}

async function perform(steps: readonly Step[], { terminal }: Session, isTable: boolean): Promise<JsonObject> {
  using line = progressLine(terminal);
  const outputs: Record<string, Json> = {};
  for (const step of steps) {
    const answer = await step.perform({ signal: terminal.interrupted, onProgress: (progress) => line.show(progress) });
    line.clear();
    Object.assign(outputs, outputsOf(answer));
    if (isTable) terminal.writeError(doneLines(step));
  }
  return outputs;
}

function doneLines({ changes }: Step): string {
  return changes.map(({ id, change }) => (change === 'same' ? '' : `${pastWords[change]} ${id}\n`)).join('');
}

const pastWords = { create: 'created', change: 'changed', delete: 'deleted', unknown: 'deployed' } as const;

/** Outputs of a deployment, by name. */
function outputsOf({ type, properties }: JsonObject): JsonObject {
  if (!/^Microsoft\.Resources\/deployments$/i.test(wordOf(type)) || !isObject(properties) || !isObject(properties['outputs'])) return {};
  return Object.fromEntries(
    Object.entries(properties['outputs']).flatMap(([name, output]) =>
      isObject(output) && output['value'] !== undefined ? [[name, output['value']]] : [],
    ),
  );
}

function result(
  changes: readonly PlannedChange[],
  { isApplied, outputs }: { readonly isApplied: boolean; readonly outputs: JsonObject },
): unknown {
  return {
    applied: isApplied,
    changes: changes.map(({ id, change, fields }) => ({
      id,
      change,
      fields: fields.map(({ name, before, after, isHidden }) => (isHidden ? { name, isHidden } : { name, before, after })),
    })),
    outputs,
  };
}

function mapped(object: JsonObject, each: (value: Json) => string): Record<string, string> {
  return Object.fromEntries(Object.entries(object).map(([name, value]) => [name, each(value)]));
}
