import { keyOf } from '#arm/resource-id.ts';
import type { OwnAnswer, OwnProvider } from '#arm/own-provider.ts';
import type { Answer, Ask, Plane } from './plane.ts';
import { methodNotAllowed } from './resource-routes.ts';
import { permissionTypeOf, readableBy } from './readable.ts';

/** Answers what no resource stands for; undefined: another address. */
export type OwnProviderRoutes = (ask: Ask) => Promise<Answer | undefined>;

interface Found {
  readonly answers: readonly OwnAnswer[];
  readonly scope: string;
  readonly words: readonly string[];
}

/** `[{scope}]/providers/{namespace}/{word}[/…]` of each own provider. */
export function ownProviderRoutes(providers: readonly OwnProvider[], plane: Pick<Plane, 'authorizer' | 'catalog'>): OwnProviderRoutes {
  const byAddress = new Map<string, OwnAnswer[]>();
  for (const { namespace, answers } of providers) {
    for (const one of answers) {
      const address = `${namespace}/${one.word}`.toLowerCase();
      byAddress.set(address, [...(byAddress.get(address) ?? []), one]);
    }
  }
  return async (ask) => {
    const found = find(ask.segments, byAddress);
    if (found === undefined) return undefined;
    const { answers, scope, words } = found;
    const one = answers.find(({ verb }) => verb === ask.method);
    if (one === undefined)
      throw methodNotAllowed(
        ask.method,
        answers.map(({ verb }) => verb),
      );
    const { principal, uri, base, correlationId, signal, body } = ask;
    if (one.permission !== undefined) await plane.authorizer.check(principal, one.permission, scope === '' ? '/' : scope);
    const readable = readableBy(principal, keyOf(scope), plane.authorizer);
    const mayRead = (type: string, id: string): boolean | Promise<boolean> => readable.mayRead(permissionTypeOf(plane.catalog, type), id);
    const shown = await one.run({ scope, words, query: uri.query, principal, base, correlationId, signal, body: () => body(), mayRead });
    return { status: 200, body: shown };
  };
}

/** By the last `providers` that leads to one: a scope has providers of its own. */
function find(segments: readonly string[], byAddress: ReadonlyMap<string, readonly OwnAnswer[]>): Found | undefined {
  for (let at = segments.length - 3; at >= 0; at -= 1) {
    if (segments[at]!.toLowerCase() !== 'providers') continue;
    const isThere = ({ at: where }: OwnAnswer): boolean => where === undefined || (where === 'tenant') === (at === 0);
    const answers = byAddress.get(`${segments[at + 1]!}/${segments[at + 2]!}`.toLowerCase())?.filter(isThere) ?? [];
    if (answers.length === 0) continue;
    const scope = segments
      .slice(0, at)
      .map((segment) => `/${segment}`)
      .join('');
    return { answers, scope, words: segments.slice(at + 3) };
  }
  return undefined;
}
