import { fault, toFault } from '#base/fault.ts';
import { objectOf, textOf, wordOf } from '#arm/client-answer.ts';
import type { JsonObject } from '#arm/resource.ts';
import { asFields, formatted, type OutputFormat } from './output.ts';
import type { Session } from './session.ts';

const type = 'Isthmus.Identity/servicePrincipals';

export interface CredentialRequest {
  readonly name: string;
  /** A role's name, GUID or id. */
  readonly role: string | undefined;
  /** Where the role is given; without it: the subscription. */
  readonly scope: string | undefined;
  /** `90d`, `12h`, or as ISO 8601 writes durations. */
  readonly lifetime: string | undefined;
  readonly output: OutputFormat;
}

function pathOf(name: string): string {
  return `/providers/${type}/${encodeURIComponent(name)}`;
}

/** A service principal with a new secret, which is shown this once. Done again it gets one more. The role is given before the secret is made. */
export async function createCredential({ name, role, scope, lifetime, output }: CredentialRequest, session: Session): Promise<void> {
  const { arm, terminal } = session;
  const place = scope ?? `/subscriptions/${role === undefined ? '' : await session.subscription()}`;
  const roleId = role === undefined ? undefined : await findRole(role, place, session);
  const duration = lifetime === undefined ? {} : { lifetime: isoDuration(lifetime) };
  const path = pathOf(name);
  const made = objectOf((await arm.put(path, { properties: {} }))['properties']);
  if (roleId !== undefined) await giveRole({ principalId: wordOf(made['principalId']), roleId, place }, session);
  const answer = await arm.post(`${path}/addPassword`, duration);
  const shown = {
    clientId: textOf(answer['appId']) ?? textOf(answer['clientId']),
    clientSecret: textOf(answer['secretText']) ?? textOf(answer['clientSecret']),
    tenant: textOf(answer['tenantId']) ?? textOf(answer['tenant']) ?? session.identity.tenant,
    objectId: textOf(made['principalId']),
    expires: textOf(answer['endDateTime']),
  };
  if (output === 'table') terminal.writeError('The secret is shown this once.\n');
  await terminal.write(output === 'table' ? asFields(shown) : formatted(output, shown, { columns: [], rows: [] }));
}

/** Gives a role to a service principal that is there. */
export async function grantRole(
  { name, role, scope }: { readonly name: string; readonly role: string; readonly scope: string | undefined },
  session: Session,
): Promise<void> {
  const place = scope ?? `/subscriptions/${await session.subscription()}`;
  const roleId = await findRole(role, place, session);
  const principal = objectOf((await session.arm.get(pathOf(name)))['properties']);
  await giveRole({ principalId: wordOf(principal['principalId']), roleId, place }, session);
  await session.terminal.write(`${name} is ${role} at ${place}.\n`);
}

async function findRole(role: string, place: string, { arm }: Session): Promise<string> {
  const base = `${place.replace(/\/+$/, '')}/providers/Microsoft.Authorization/roleDefinitions`;
  const all = await arm.list(base);
  const key = role.toLowerCase();
  const found = all.find(({ id, name, properties }) =>
    [id, name, objectOf(properties)['roleName']].some((one) => typeof one === 'string' && one.toLowerCase() === key),
  );
  if (typeof found?.['id'] === 'string') return found['id'];
  throw fault('missing', 'NoSuchRole', `There is no role '${role}' at ${place}.`, {
    target: role,
    remedy: `There are: ${all.map(({ properties }) => wordOf(objectOf(properties)['roleName'])).join(', ')}.`,
  });
}

interface Grant {
  readonly principalId: string;
  readonly roleId: string;
  readonly place: string;
}

async function giveRole({ principalId, roleId, place }: Grant, { arm }: Session): Promise<void> {
  const path = `${place.replace(/\/+$/, '')}/providers/Microsoft.Authorization/roleAssignments/${crypto.randomUUID()}`;
  try {
    await arm.put(path, { properties: { roleDefinitionId: roleId, principalId, principalType: 'ServicePrincipal' } });
  } catch (error) {
    // It is so already.
    if (toFault(error).code !== 'RoleAssignmentExists') throw error;
  }
}

/** `90d` → `P90D`. Fault: `BadLifetime`. */
export function isoDuration(text: string): string {
  const [, count, unit] = /^(\d{1,5})([wdhm])$/i.exec(text) ?? [];
  if (count !== undefined && unit !== undefined)
    return /[wd]/i.test(unit) ? `P${count}${unit.toUpperCase()}` : `PT${count}${unit.toUpperCase()}`;
  if (/^P(?=.)/.test(text)) return text;
  throw fault('invalid', 'BadLifetime', `'${text}' is not a length of time.`, {
    target: '--lifetime',
    remedy: 'Give 90d, 12h, or P1Y in the words of ISO 8601.',
  });
}

export async function listCredentials(output: OutputFormat, { arm, terminal }: Session): Promise<void> {
  const all = await arm.list(`/providers/${type}`);
  const property = (name: string) => (row: JsonObject) => textOf(objectOf(row['properties'])[name]);
  const columns = [
    { title: 'NAME', of: (row: JsonObject) => textOf(row['name']) },
    { title: 'CLIENT ID', of: property('appId') },
    { title: 'OBJECT ID', of: property('principalId') },
    { title: 'SECRETS UNTIL', of: endsOf },
  ];
  await terminal.write(formatted(output, all, { columns, rows: all }));
}

function endsOf({ properties }: JsonObject): string | undefined {
  const credentials = objectOf(properties)['passwordCredentials'];
  if (!Array.isArray(credentials)) return undefined;
  return (credentials as readonly JsonObject[]).map((one) => textOf(one['endDateTime'])?.slice(0, 10) ?? 'for ever').join(' ');
}

export async function deleteCredential(name: string, { arm, terminal }: Session): Promise<void> {
  const wasThere = await arm.delete(pathOf(name), { signal: terminal.interrupted });
  if (wasThere) return terminal.write(`${name} is gone, and so are its tokens.\n`);
  throw fault('missing', 'NoSuchCredential', `There is no service principal ${name}.`, {
    target: name,
    remedy: 'isthmus credential list shows them.',
  });
}
