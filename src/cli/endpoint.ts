import { objectOf, textOf } from '#arm/client-answer.ts';
import { connectionShown, nameOf, type EndpointConnection } from '#arm/endpoint-connection.ts';
import { keyOf } from '#arm/resource-id.ts';
import type { JsonObject } from '#arm/resource.ts';
import { fault, type Fault } from '#base/fault.ts';
import { findConnection, listConnections, type ConnectionPlace } from './endpoint-connection.ts';
import { asJson, cell, formatted, type Column, type OutputFormat } from './output.ts';
import { progressLine } from './progress-line.ts';
import type { Session } from './session.ts';

export type DecisionVerb = 'approve' | 'reject' | 'revoke';

export interface EndpointListRequest extends ConnectionPlace {
  readonly output: OutputFormat;
}

export interface DecisionRequest extends EndpointListRequest {
  readonly verb: DecisionVerb;
  readonly name: string;
  readonly because: string;
}

/** `isthmus endpoint list`: the owner's inbox. */
export async function listEndpoints({ output, ...place }: EndpointListRequest, session: Session): Promise<void> {
  const connections = await listConnections(place, session);
  if (output === 'table' && connections.length === 0) return session.terminal.write('Nobody asks for anything that you may read.\n');
  const people = output === 'table' ? await namesOfPeople(session) : new Map<string, string>();
  await session.terminal.write(formatted(output, connections, { columns: columnsFor(people), rows: connections }));
}

function columnsFor(people: ReadonlyMap<string, string>): readonly Column<EndpointConnection>[] {
  const person = (id: string | undefined): string | undefined => (id === undefined ? undefined : (people.get(keyOf(id)) ?? id));
  return [
    { title: 'ENDPOINT', of: ({ endpoint }) => nameOf(endpoint) },
    { title: 'STATE', of: stateOf },
    { title: 'ASKS FOR', of: ({ target }) => target.split('/').slice(-2).join('/') },
    { title: 'ASKED BY', of: ({ requestedBy }) => person(requestedBy) },
    { title: 'ASKED AT', of: ({ requestedAt }) => seconds(requestedAt) },
    { title: 'MESSAGE', of: ({ message }) => message },
    { title: 'DECIDED BY', of: ({ decision }) => person(decision?.by) },
    { title: 'DECIDED AT', of: ({ decision }) => seconds(decision?.at) },
    { title: 'BECAUSE', of: ({ decision }) => decision?.because },
    { title: 'ENDS', of: ({ expiresAt }) => seconds(expiresAt) },
    { title: 'CONNECTION', of: ({ name }) => name },
  ];
}

function stateOf({ status, approvals: { given, needed } }: EndpointConnection): string {
  return status === 'Pending' && needed > 1 ? `Pending (${given} of ${needed})` : status;
}

function seconds(time: string | undefined): string | undefined {
  return time?.replace(/\.\d+Z$/, 'Z');
}

/** People by their ids, for who may read them; others see ids. */
async function namesOfPeople({ arm }: Session): Promise<ReadonlyMap<string, string>> {
  const found = await arm.list('/providers/Isthmus.Identity/servicePrincipals').catch(() => []);
  return new Map(
    found.flatMap(({ name, properties }) => {
      const [id, called] = [textOf(objectOf(properties)['principalId']), textOf(name)];
      return id === undefined || called === undefined ? [] : [[keyOf(id), called] as const];
    }),
  );
}

/** `isthmus endpoint approve|reject|revoke`. Faults: those of `findConnection`; `EndpointNotPending`, `EndpointNotApproved`; the server's. */
export async function decideEndpoint(request: DecisionRequest, session: Session): Promise<void> {
  const { verb, because, output } = request;
  const { arm, terminal } = session;
  const before = await findConnection(request.name, request, session);
  checkVerb(verb, before);
  // What it says of itself may be older than what was listed.
  const { headers, body } = await arm.send('GET', before.id, undefined, { signal: terminal.interrupted });
  const read = objectOf(body);
  checkVerb(verb, connectionShown(read, Date.now()));
  const status = verb === 'approve' ? 'Approved' : 'Rejected';
  const wanted: JsonObject = { properties: { privateLinkServiceConnectionState: { status, description: because } } };
  const etag = headers.get('etag') ?? textOf(read['etag']);
  using line = progressLine(terminal);
  const after = await arm.put(before.id, wanted, {
    signal: terminal.interrupted,
    headers: etag === undefined ? {} : { 'if-match': etag },
    onProgress: (progress) => line.show(progress),
  });
  line.clear();
  const shown = connectionShown(after, Date.now());
  await terminal.write(output === 'json' ? asJson(shown) : `${cell(nameOf(before.endpoint))}: ${cell(outcomeOf(verb, shown))}\n`);
}

/** An approval is taken back by a word of its own, so that nobody cuts a database off who meant to answer a request. */
function checkVerb(verb: DecisionVerb, connection: EndpointConnection): void {
  if (verb === 'reject' && connection.status === 'Approved')
    throw undecidable('EndpointNotPending', connection, 'is approved already', 'revoke');
  if (verb === 'revoke' && connection.status === 'Pending')
    throw undecidable('EndpointNotApproved', connection, 'was not approved yet', 'reject');
}

function undecidable(code: string, { endpoint, id }: EndpointConnection, how: string, instead: DecisionVerb): Fault {
  return fault('conflict', code, `The private endpoint ${nameOf(endpoint)} ${how}.`, {
    target: id,
    remedy: `isthmus endpoint ${instead} ${nameOf(endpoint)} --because TEXT`,
  });
}

function outcomeOf(verb: DecisionVerb, { status, approvals: { given, needed }, expiresAt }: EndpointConnection): string {
  if (status === 'Pending') return `${given} of ${needed} approvals; traffic may pass when somebody else approves too`;
  if (status === 'Approved') return `approved: traffic may pass${expiresAt === undefined ? '' : ` until ${seconds(expiresAt)}`}`;
  return verb === 'revoke' ? 'revoked: traffic is cut' : 'rejected: no traffic passes';
}
