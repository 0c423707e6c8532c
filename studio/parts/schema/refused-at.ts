import type { Fault } from '#base/fault.ts';
import type { FormPath } from './form-path.ts';
import type { Issue } from './validate.ts';

/** A refusal of the server, at the members that it is about. */
export function refusedAt(refusal: Fault | null | undefined): readonly Issue[] {
  if (refusal === null || refusal === undefined) return [];
  return [refusal, ...(refusal.details ?? [])].flatMap(({ target, message }) =>
    target === undefined || target.startsWith('/') ? [] : [{ path: pathOf(target), text: message, isMissing: false }],
  );
}

/** `properties.subnets[2].name`, and `properties.subnets.2.name`. */
function pathOf(target: string): FormPath {
  return target
    .replaceAll(/\[(\d+)\]/g, '.$1')
    .split('.')
    .map((word) => (/^\d+$/.test(word) ? Number(word) : word));
}
