import { fault } from '#base/fault.ts';
import type { ManagedNetwork } from '#arm/private-link.ts';

/** What managed workloads may reach beside approved endpoints: a tag of their home, that can be changed at any time. */
const egressTag = 'hidden-egress-mode';

/** `open`: anything, as in Azure without data exfiltration protection. `report`: the same, and what would be refused is told. `enforce`: nothing. */
export type EgressMode = 'open' | 'report' | 'enforce';

const modes: readonly EgressMode[] = ['open', 'report', 'enforce'];

type Tags = Readonly<Record<string, string>>;

/** Undefined: the tag is missing, or says nothing that is understood. */
export function egressTagged(tags: Tags): EgressMode | undefined {
  const text = egressText(tags);
  return modes.find((mode) => mode === text);
}

/** Fault: `InvalidEgressMode` (invalid). */
export function checkEgressTag(tags: Tags): void {
  const text = egressText(tags);
  if (text === undefined || egressTagged(tags) !== undefined) return;
  throw fault('invalid', 'InvalidEgressMode', `The tag ${egressTag} says '${text.slice(0, 40)}', which is no mode.`, {
    target: `tags.${egressTag}`,
    remedy: `Write ${modes.join(', ')}.`,
  });
}

/** The mode as the network's plan has it. */
export function plannedEgress(mode: EgressMode): ManagedNetwork['egress'] {
  return mode === 'enforce' ? 'none' : mode;
}

function egressText(tags: Tags): string | undefined {
  const name = Object.keys(tags).find((tag) => tag.toLowerCase() === egressTag);
  return name === undefined ? undefined : tags[name]!.trim().toLowerCase();
}
