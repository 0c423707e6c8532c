import { objectOf, textOf } from '#arm/client-answer.ts';
import type { JsonObject } from '#arm/resource.ts';
import { findLink, listOf, numberOf } from './link-connection.ts';
import type { LinkRequest } from './link-view.ts';
import { asFields, asJson, asTable, type Column } from './output.ts';
import type { Session } from './session.ts';

/** `isthmus links proof`: what the workers of a link say that they moved, against what was counted. Faults: those of `findLink`. */
export async function linkProofCommand({ name, workspace, output }: LinkRequest, session: Session): Promise<void> {
  const link = await findLink(name, workspace, session);
  const answer = await session.arm.get(`${link.path}/pathProof`, { signal: session.terminal.interrupted });
  if (output === 'json') return session.terminal.write(asJson(answer));
  const now = objectOf(answer['worker']);
  const isRunning = textOf(now['verdict']) !== undefined;
  const proofs = [...(isRunning ? [now] : []), ...listOf(answer['ended'])];
  if (proofs.length === 0) return session.terminal.write('No worker of the link has run yet.\n');
  const total = objectOf(answer['total']);
  const parts = [
    asTable(columns, proofs),
    ...(isRunning ? ['\nrunning now:\n', factsOf(now)] : []),
    ...(textOf(total['since']) === undefined ? [] : ['\nall that have ended:\n', totalText(total)]),
  ];
  await session.terminal.write(parts.join(''));
}

const columns: readonly Column<JsonObject>[] = [
  { title: 'BEGAN', of: ({ since }) => textOf(since) },
  { title: 'JOB', of: ({ job, run }) => `${textOf(job) ?? ''}${numberOf(run) === undefined ? '' : ` of run ${numberOf(run)}`}` },
  { title: 'ENDED', of: ({ ended, at }) => (ended === true ? textOf(at) : 'runs') },
  { title: 'VERDICT', of: ({ verdict }) => textOf(verdict) },
  { title: 'SAID SENT', of: ({ said }) => bytesText(objectOf(said)['sent']) },
  { title: 'COUNTED', of: (proof) => countedText(proof, 'sent') },
  { title: 'SAID RECEIVED', of: ({ said }) => bytesText(objectOf(said)['received']) },
  { title: 'COUNTED', of: (proof) => countedText(proof, 'received') },
  { title: 'ELSEWHERE', of: ({ elsewhere }) => elsewhereText(objectOf(elsewhere)) },
  { title: 'REFUSED', of: ({ elsewhere }) => bytesText(objectOf(elsewhere)['refused']) },
];

function bytesText(value: JsonObject[string] | undefined): string | undefined {
  return numberOf(value)?.toLocaleString('en');
}

/** By endpoints. */
function countedText({ counted }: JsonObject, way: 'sent' | 'received'): string | undefined {
  if (!Array.isArray(counted)) return undefined;
  return listOf(counted)
    .reduce((sum, one) => sum + (numberOf(one[way]) ?? 0), 0)
    .toLocaleString('en');
}

function elsewhereText({ sent, received }: JsonObject): string | undefined {
  const [out, back] = [numberOf(sent), numberOf(received)];
  return out === undefined || back === undefined ? undefined : (out + back).toLocaleString('en');
}

function factsOf(proof: JsonObject): string {
  const ways = listOf(proof['counted']).map((way) => [
    `by ${nameOfEndpoint(textOf(way['endpoint']))}`,
    `${bytesText(way['sent'])} bytes sent, ${bytesText(way['received'])} received, ${bytesText(way['connections'])} connections`,
  ]);
  return asFields({
    ...Object.fromEntries(ways),
    'counted by': textOf(proof['engine']) === 'kernel' ? 'the kernel' : 'the engine in user space',
    isolated: proof['isolated'] === true ? 'yes' : 'no',
    verdict: textOf(proof['says']),
  });
}

function nameOfEndpoint(id = ''): string {
  return id.split('/').at(-1) ?? id;
}

function totalText(total: JsonObject): string {
  const verdicts = Object.entries(objectOf(total['verdicts'])).map(([verdict, count]) => `${verdict} ${bytesText(count)}`);
  const of = (side: string): string => {
    const { sent, received } = objectOf(total[side]);
    return `${bytesText(sent)} bytes sent, ${bytesText(received)} received`;
  };
  return asFields({
    since: textOf(total['since']),
    workers: `${bytesText(total['workers'])}: ${verdicts.join(', ')}`,
    said: of('said'),
    counted: of('counted'),
    elsewhere: `${of('elsewhere')}, refused: ${bytesText(objectOf(total['elsewhere'])['refused'])}`,
  });
}
