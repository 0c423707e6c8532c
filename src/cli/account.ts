import { objectOf, textOf } from '#arm/client-answer.ts';
import type { Json, JsonObject } from '#arm/resource.ts';
import { asFields, asJson, asTable } from './output.ts';
import type { Session } from './session.ts';

/** Who asks, which server, and the subscriptions that can be seen. */
export async function accountCommand(output: 'table' | 'json', session: Session): Promise<void> {
  const { identity, arm, terminal } = session;
  const subscriptions = await arm.list('/subscriptions');
  const claims = claimsOf(await session.token());
  const current = subscriptions.length === 0 ? undefined : await session.subscription();
  const shown = {
    endpoint: identity.endpoint,
    tenant: identity.tenant,
    clientId: identity.clientId,
    objectId: textOf(claims['oid']),
    name: textOf(claims['name']) ?? textOf(claims['app_displayname']),
    signedInBy: identity.by,
    subscription: current,
  };
  if (output === 'json') return terminal.write(asJson({ ...shown, subscriptions }));
  const columns = [
    { title: 'SUBSCRIPTION', of: (row: JsonObject) => textOf(row['subscriptionId']) },
    { title: 'NAME', of: (row: JsonObject) => textOf(row['displayName']) },
    { title: 'STATE', of: (row: JsonObject) => textOf(row['state']) },
  ];
  await terminal.write(`${asFields(shown)}\n${asTable(columns, subscriptions)}`);
}

/** What a token says; it is for the server to believe it. */
function claimsOf(token: string): JsonObject {
  try {
    return objectOf(JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString('utf8')) as Json);
  } catch {
    return {};
  }
}

/** A bearer token on standard output. */
export async function tokenCommand(resource: string | undefined, session: Session): Promise<void> {
  await session.terminal.write(`${await session.token(resource)}\n`);
}
