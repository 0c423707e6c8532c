import { fault, Fault } from '#base/fault.ts';
import type { ProbedItem } from '#runtime/sandbox/probe.ts';
import { openSandbox } from '#runtime/sandbox/sandbox.ts';
import { tryKernelEngine, type KernelEngineTried } from './kernel-engine.ts';

interface Diagnosis {
  /** Every item holds. */
  readonly isolated: boolean;
  readonly items: readonly ProbedItem[];
  /** Why there is no sandbox at all. */
  readonly why: Pick<Fault, 'code' | 'message' | 'remedy'> | undefined;
  readonly kernelEngine: KernelEngineTried;
}

/** Writes what holds on this host. Fault, after that: `NotIsolated` (precondition) unless workers are isolated. */
export async function doctorCommand(output: 'table' | 'json', write: (text: string) => Promise<void>): Promise<void> {
  const diagnosis = await diagnose();
  await write(output === 'json' ? `${JSON.stringify(diagnosis, null, 2)}\n` : diagnosisText(diagnosis));
  if (diagnosis.isolated) return;
  const broken = diagnosis.items.filter(({ holds }) => !holds).map(({ item }) => item);
  throw fault('precondition', 'NotIsolated', diagnosis.why?.message ?? `Workers are not isolated on this host: ${broken.join(', ')}.`, {
    target: diagnosis.why?.code,
    remedy: diagnosis.why?.remedy ?? 'Do not run workers for untrusted networks here; docs/guides/security.md says what each item is.',
  });
}

async function diagnose(): Promise<Diagnosis> {
  return { ...(await diagnoseWorkers()), kernelEngine: await tryKernelEngine() };
}

async function diagnoseWorkers(): Promise<Omit<Diagnosis, 'kernelEngine'>> {
  const sandbox = await openSandbox();
  if (sandbox instanceof Fault) {
    const { code, message, remedy } = sandbox;
    return { isolated: false, items: [], why: { code, message, remedy } };
  }
  const items = await sandbox.probe();
  return { isolated: items.every(({ holds }) => holds), items, why: undefined };
}

/** One line for each item, and for what was found where it does not hold. */
export function diagnosisText({ isolated, items, kernelEngine }: Diagnosis): string {
  const tries = items.reduce((sum, item) => sum + item.tries, 0);
  const head = isolated
    ? `Workers on this host are isolated: ${items.length} items hold, ${tries} attempts from inside a sandbox.`
    : 'Workers on this host are NOT isolated.';
  const lines = items.flatMap(({ item, holds, found }) => [
    `  ${holds ? 'holds' : 'FAILS'}  ${item}`,
    ...found.map((one) => `           ${one}`),
  ]);
  return `${[head, ...lines, ...kernelLines(kernelEngine)].join('\n')}\n`;
}

function kernelLines({ why }: KernelEngineTried): readonly string[] {
  if (why === undefined) return ['The kernel engine runs on this host: isthmus up --engine kernel.'];
  const { message, remedy } = why;
  return [`The kernel engine does not run here: ${message}`, ...(remedy === undefined ? [] : [`  ${remedy}`])];
}
