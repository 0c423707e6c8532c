import { z } from 'zod';
import { fault, type Fault } from '#base/fault.ts';
import { faultFrom } from '#base/fault-text.ts';
import type { Json, JsonObject } from '#arm/resource.ts';
import type { TestStep } from '#runtime/jobs/test-connection.ts';
import { type AskedService, askedAccess, askedService } from './asked-service.ts';
import { azureError, type FailedHop, pathHops, runtimeFailed, stepHops, timeoutMs, type Walked } from './connectivity-hops.ts';
import type { HomeAction, HomeCall } from './home-action.ts';
import type { AuthoringHome } from './home.ts';
import type { InteractiveOutcome } from './interactive-jobs.ts';
import type { AuthoringOptions } from './options.ts';
import type { StoreAccess } from './store-access.ts';

interface Given {
  readonly linkedService: AskedService;
}

const input: z.ZodType<Given> = z.object({ linkedService: askedService });

/**
 * `POST {home}/testConnectivity`, as Azure's Studio asks it: 200 whether it succeeded or not. `hops` and `runtime` are ours. Faults (invalid):
 * `InteractiveAuthoringNotEnabled`, `ManagedVirtualNetworkRequired`, those of the linked service; (throttled) `TooManyInteractiveJobs`;
 * (unsupported) `NotIsolated`.
 */
export function testConnectivity(home: AuthoringHome, options: AuthoringOptions): HomeAction<Given> {
  return {
    behindRoot: true,
    summary:
      'Test the connection of a linked service, saved or not, hop by hop from the managed virtual network to its rights in the database',
    input,
    run: async (call) => {
      const access = await askedAccess(home, call, options.sealer);
      await options.interactive.use(access.runtime);
      return { body: await tested(access, call, options) };
    },
  };
}

async function tested(
  access: StoreAccess,
  { signal, input: { linkedService } }: Pick<HomeCall<Given>, 'signal' | 'input'>,
  { explain, jobs }: AuthoringOptions,
): Promise<JsonObject> {
  const { segment, login } = access;
  const name = `test of the connection of ${linkedService.name ?? 'a linked service'}`;
  const path = pathHops(await explain({ segment, host: login.host, port: login.port, asker: name }));
  if (path.failed !== undefined) return answer(path, access, undefined);
  const outcome = await jobs.run({ segment, name, job: { kind: 'test-connection', store: login, timeoutMs } }, signal);
  const steps = stepsOf(outcome);
  return answer({ hops: [...path.hops, ...steps.hops], failed: steps.failed }, access, outcome);
}

function stepsOf({ events, failed }: InteractiveOutcome): Walked {
  const steps = events.flatMap((event): readonly TestStep[] =>
    event.kind === 'step' ? [{ ...event.step, fault: event.step.fault === null ? undefined : faultFrom(event.step.fault) }] : [],
  );
  const walked = stepHops(steps);
  if (walked.failed !== undefined) return walked;
  const trouble = failed ?? (steps.length === 0 ? toldNothing() : undefined);
  if (trouble === undefined) return walked;
  const ending = runtimeFailed(trouble);
  return { hops: [...walked.hops, ...ending.hops], failed: ending.failed };
}

function toldNothing(): Fault {
  return fault('unreachable', 'WorkerLost', 'The worker ended without a word.', { remedy: 'Try again.' });
}

function answer({ hops, failed }: Walked, { service, login, runtime }: StoreAccess, outcome: InteractiveOutcome | undefined): JsonObject {
  const shown = {
    hops: hops as unknown as readonly Json[],
    runtime: { name: runtime.name, ...(outcome && { isolated: outcome.isolated, startMs: outcome.startMs }) },
  };
  if (failed === undefined) return { succeeded: true, errors: [], ...shown };
  return { succeeded: false, errors: [azureError(failed, service.type, login), ownError(failed)], ...shown };
}

function ownError({ name, side, fault: trouble }: FailedHop): JsonObject {
  return { code: codeOf(trouble), message: `At the hop '${name}' (${side}): ${trouble.message} ${trouble.remedy ?? ''}`.trim() };
}

function codeOf({ kind, code }: Fault): string {
  return kind === 'bug' ? 'InternalServerError' : code;
}
