/**
 * The three functions that tsyringe, of which @peculiar/x509 is made, asks of a `Reflect` with metadata, for classes as a whole. Import it
 * before that package. A polyfill that is there already stays.
 */
type Metadata = Map<unknown, unknown>;

const byTarget = new WeakMap<object, Metadata>();

const reflection = {
  defineMetadata: (key: unknown, value: unknown, target: object): void => {
    const metadata = byTarget.get(target) ?? new Map<unknown, unknown>();
    byTarget.set(target, metadata.set(key, value));
  },
  getOwnMetadata: (key: unknown, target: object): unknown => byTarget.get(target)?.get(key),
  getMetadata: (key: unknown, target: object): unknown => {
    for (let at: object | null = target; at !== null; at = Object.getPrototypeOf(at) as object | null) {
      const metadata = byTarget.get(at);
      if (metadata?.has(key)) return metadata.get(key);
    }
    return undefined;
  },
};

if (!('getMetadata' in Reflect)) Object.assign(Reflect, reflection);
