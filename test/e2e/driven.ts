import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ControlPlane } from './control-plane.ts';

/** Which client tests drive which operation: read by `/coverage` and by docs/coverage.md. */
const file = join(import.meta.dirname, '../../docs/client-tests.json');
type Recorded = Readonly<Record<string, readonly string[]>>;

/** Operations that a client drove with success, as `/openapi.json` calls them. Needs a plane with its access log. */
async function drivenOperations(plane: ControlPlane): Promise<ReadonlySet<string>> {
  const { json } = await plane.send({ path: '/openapi.json' });
  const templates = Object.entries((json as { paths: Record<string, object> }).paths).flatMap(([path, verbs]) =>
    Object.keys(verbs).map((verb) => ({
      operation: `${verb.toUpperCase()} ${path}`,
      verb: verb.toUpperCase(),
      pattern: new RegExp(`^${path.replaceAll('{resourceId}', '.+').replaceAll(/\{[^}]+\}/g, '[^/]+')}$`, 'i'),
      parameters: path.split('{').length,
    })),
  );
  // The least general one that fits.
  templates.sort((a, b) => a.parameters - b.parameters);
  const driven = new Set<string>();
  for (const line of readFileSync(join(plane.folder, 'logs/access.log'), 'utf8').split('\n')) {
    if (line === '') continue;
    const { method, path, status, userAgent } = JSON.parse(line) as { method: string; path: string; status: number; userAgent?: string };
    // Without a name it was the test itself.
    if (userAgent === undefined) continue;
    const single = path.replaceAll(/\/{2,}/g, '/').replace(/\/$/, '');
    const found = status < 400 && templates.find((one) => one.verb === method && one.pattern.test(single));
    if (found) driven.add(found.operation);
  }
  return driven;
}

/**
 * What docs/client-tests.json says that this test drives, and it did not. `ISTHMUS_RECORD=1` writes down what it drives instead;
 * then run `npm run docs`.
 */
export async function notDriven(plane: ControlPlane, test: string): Promise<readonly string[]> {
  const driven = await drivenOperations(plane);
  const recorded = JSON.parse(readFileSync(file, 'utf8')) as Recorded;
  if (process.env['ISTHMUS_RECORD'] !== '1')
    return Object.keys(recorded).filter((operation) => recorded[operation]!.includes(test) && !driven.has(operation));
  const names = [...new Set([...Object.keys(recorded), ...driven])].toSorted();
  const tests = (name: string): readonly string[] =>
    [...new Set([...(recorded[name] ?? []).filter((one) => one !== test), ...(driven.has(name) ? [test] : [])])].toSorted();
  const entries = names.map((name) => [name, tests(name)] as const).filter(([, of]) => of.length > 0);
  writeFileSync(file, `${JSON.stringify(Object.fromEntries(entries), undefined, 2)}\n`);
  return [];
}
