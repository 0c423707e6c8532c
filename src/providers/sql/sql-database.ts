import { z } from 'zod';
import { resourceType, type NameRule, type ResourceType } from '#arm/resource-type.ts';
import type { JsonObject } from '#arm/resource.ts';
import { derivedGuid } from '#base/derived-guid.ts';
import { managedInstanceType } from './managed-instance.ts';
import { sqlServerType, sqlVersions } from './sql-server.ts';

const name: NameRule = {
  pattern: /^[^<>*%&:\\/?\p{Cc}]*[^<>*%&:\\/?.\s\p{Cc}]$/u,
  maxLength: 128,
  says: "anything but < > * % & : \\ / ? and control characters, not ending with '.' or a blank",
};

/** Rule: https://learn.microsoft.com/rest/api/sql/databases/create-or-update */
const properties = z.object({
  collation: z.string().max(128).default('SQL_Latin1_General_CP1_CI_AS'),
  maxSizeBytes: z.int().min(1).optional(),
  createMode: z.string().max(80).optional(),
  licenseType: z.string().max(80).optional(),
}) as unknown as z.ZodType<JsonObject>;

const usualSku = { name: 'GP_S_Gen5', tier: 'GeneralPurpose', family: 'Gen5', capacity: 2 };

/** A database of a server: named so that clients find it; it exists in the server already. */
export function sqlDatabases(): ResourceType {
  return resourceType<JsonObject>({
    type: `${sqlServerType}/databases`,
    summary: 'A database of a server, which exists there already',
    versions: sqlVersions,
    name,
    properties,
    envelope: z.object({
      sku: z.looseObject({ name: z.string().max(80) }).default(usualSku),
      kind: z.string().max(80).default('v12.0,user'),
    }) as unknown as z.ZodType<JsonObject>,
    shows: { provisioningState: false, etag: false },
    show: async ({ id, createdAt }) => ({
      status: 'Online',
      databaseId: derivedGuid(`database ${id.toLowerCase()} ${createdAt}`),
      creationDate: createdAt,
    }),
  });
}

/** A database of a managed instance. */
export function managedDatabases(): ResourceType {
  return resourceType<JsonObject>({
    type: `${managedInstanceType}/databases`,
    summary: 'A database of a managed instance, which exists there already',
    versions: sqlVersions,
    name,
    properties,
    shows: { provisioningState: false, etag: false },
    show: async ({ createdAt }) => ({ status: 'Online', creationDate: createdAt }),
  });
}
