/** What managed workloads may reach beside approved endpoints: a tag of the factory. */
export const egressTag = 'hidden-egress-mode';
/** `open`: anything, as in Azure. `enforce`: nothing. */
export const egressModes = ['open', 'enforce'] as const;

/** Undefined: the tag is missing, which means `open`. */
export function egressText(tags: Readonly<Record<string, string>>): string | undefined {
  const name = Object.keys(tags).find((tag) => tag.toLowerCase() === egressTag);
  return name === undefined ? undefined : tags[name]!.trim().toLowerCase();
}
