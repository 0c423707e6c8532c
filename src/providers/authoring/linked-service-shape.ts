import { z } from 'zod';
import type { Json, JsonObject } from '#arm/resource.ts';
import { splitPassword } from './connection-string.ts';

/** Which protocol the data store of a type speaks. */
export type StoreKind = 'sqlserver' | 'postgresql' | 'mysql';

export type StoreType =
  | 'AzureSqlMI'
  | 'AzureSqlDatabase'
  | 'SqlServer'
  | 'AzureSqlDW'
  | 'AzurePostgreSql'
  | 'PostgreSql'
  | 'PostgreSqlV2'
  | 'AzureMySql'
  | 'MySql'
  | 'MariaDB';

export const storeKinds: Readonly<Record<StoreType, StoreKind>> = {
  AzureSqlMI: 'sqlserver',
  AzureSqlDatabase: 'sqlserver',
  SqlServer: 'sqlserver',
  AzureSqlDW: 'sqlserver',
  AzurePostgreSql: 'postgresql',
  PostgreSql: 'postgresql',
  PostgreSqlV2: 'postgresql',
  AzureMySql: 'mysql',
  MySql: 'mysql',
  MariaDB: 'mysql',
};

const storeTypes: readonly StoreType[] = Object.keys(storeKinds) as StoreType[];

export interface LinkedServiceProperties {
  readonly type: StoreType;
  readonly description?: string | undefined;
  readonly connectVia?: { readonly type: 'IntegrationRuntimeReference'; readonly referenceName: string } | undefined;
  readonly parameters?: JsonObject | undefined;
  readonly annotations?: readonly Json[] | undefined;
  readonly typeProperties: JsonObject;
}

/**
 * Where secrets lie: passwords as `SecureString`, and connection strings that are one. A connection string given as text is kept as text, its
 * password apart from it.
 */
export const secretPaths: readonly string[] = ['typeProperties.password', 'typeProperties.pwd', 'typeProperties.connectionString.value'];

const anything = z.looseObject({});

/** Rule: https://learn.microsoft.com/rest/api/datafactory/linked-services/create-or-update, of old and new Studio. */
export const linkedServiceProperties: z.ZodType<LinkedServiceProperties> = z.object({
  type: z.enum(storeTypes as [StoreType, ...StoreType[]], `must be one of ${storeTypes.join(', ')}`),
  version: z.string().max(20).optional(),
  description: z.string().max(4_000).optional(),
  connectVia: z
    .object({
      type: z.literal('IntegrationRuntimeReference').default('IntegrationRuntimeReference'),
      referenceName: z
        .string()
        .max(63)
        .regex(/^[A-Za-z0-9]+(?:-[A-Za-z0-9]+)*$/, 'must be the name of an integration runtime'),
    })
    .optional(),
  parameters: anything.superRefine(noOtherSecrets).optional(),
  annotations: z.array(z.unknown()).max(100).optional(),
  typeProperties: anything.transform((given) => opened(given as JsonObject)).superRefine(withoutOthers),
}) as unknown as z.ZodType<LinkedServiceProperties>;

/** What is called secret and is not one of `secretPaths` would be kept and shown as it is. */
function withoutOthers(given: JsonObject, context: z.RefinementCtx): void {
  const { password: _password, pwd: _pwd, connectionString: _connectionString, ...others } = given;
  noOtherSecrets(others, context);
}

function noOtherSecrets(given: Readonly<Record<string, unknown>>, context: z.RefinementCtx): void {
  for (const [name, value] of Object.entries(given)) {
    if (!isSecret(value)) continue;
    context.addIssue({
      code: 'custom',
      path: [name],
      message: 'must not be a secret: password and connectionString are the ones that are kept sealed',
    });
  }
}

function isSecret(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  const { type } = value as JsonObject;
  return (typeof type === 'string' && type.toLowerCase() === 'securestring') || Object.values(value).some((inner) => isSecret(inner));
}

const secretWords: readonly string[] = ['password', 'pwd', 'connectionString'];

/** Names of secrets as they are kept, however they were written. */
function inOurCase(given: JsonObject): JsonObject {
  return Object.fromEntries(
    Object.entries(given).map(([name, value]) => [secretWords.find((word) => word.toLowerCase() === name.toLowerCase()) ?? name, value]),
  );
}

const mask = /^\*{3,}$/;

/** Takes passwords out of connection strings, and makes those given as text secure. What another installation has encrypted is of no use here. */
function opened({ encryptedCredential: _encryptedCredential, ...given }: JsonObject): JsonObject {
  const made: Record<string, Json> = { ...inOurCase(given) };
  for (const name of ['password', 'pwd']) {
    const value = made[name];
    if (typeof value === 'string') made[name] = secureString(value);
  }
  const text = made['connectionString'];
  if (typeof text !== 'string') return withItsPassword(made, text);
  const { open, password } = splitPassword(text);
  made['connectionString'] = open;
  if (password !== undefined && password !== '' && !mask.test(password)) made['password'] ??= secureString(password);
  return made;
}

/** A password within a secret connection string takes the place of one that was saved apart from it. */
function withItsPassword(made: JsonObject, connectionString: Json | undefined): JsonObject {
  const { value } = (connectionString ?? {}) as JsonObject;
  if (typeof value !== 'string' || mask.test(value) || made['password'] !== undefined || made['pwd'] !== undefined) return made;
  const { password } = splitPassword(value);
  return password === undefined || password === '' ? made : { ...made, password: secureString(password) };
}

function secureString(value: string): JsonObject {
  return { type: 'SecureString', value };
}

/** Connection strings that are secret are shown as what they are, with a mask. */
export function withMask(usual: JsonObject): JsonObject {
  const shown = usual['properties'] as JsonObject;
  const typeProperties = shown['typeProperties'] as JsonObject | undefined;
  const text = typeProperties?.['connectionString'];
  if (typeof text !== 'object' || text === null || Array.isArray(text)) return usual;
  const connectionString = { ...(text as JsonObject), value: '**********' };
  return { ...usual, properties: { ...shown, typeProperties: { ...typeProperties, connectionString } } };
}
