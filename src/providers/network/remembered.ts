import type { Resource } from '#arm/resource.ts';

/**
 * `make` of a resource and what else it depends on, remembered as long as the very same objects are given: resources never change, they are
 * replaced. What was remembered is the same object again, so that whoever compares plans finds at once what did not change.
 */
export function remembered<D extends readonly unknown[], V>(
  make: (self: Resource, ...depends: D) => V,
): (self: Resource, ...depends: D) => V {
  const known = new WeakMap<Resource, { readonly depends: D; readonly value: V }>();
  return (self, ...depends) => {
    const before = known.get(self);
    if (before?.depends.length === depends.length && depends.every((one, i) => same(one, before.depends[i]))) return before.value;
    const value = make(self, ...depends);
    known.set(self, { depends, value });
    return value;
  };
}

/** The same, or lists of the same. */
function same(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return true;
  return Array.isArray(a) && Array.isArray(b) && a.length === b.length && a.every((one, i) => Object.is(one, b[i]));
}
