import { fault, type Fault } from '#base/fault.ts';
import { keyOf, type ResourceId } from '#arm/resource-id.ts';
import type { Asked, Resource } from '#arm/resource.ts';
import type { ResourceReader } from '#arm/store.ts';
import type { StoreLogin } from '#runtime/job.ts';
import type { SynapseLinkOptions } from './link-options.ts';
import type { LinkRecord } from './link-record.ts';
import { captureOf, type LinkProperties } from './link-shape.ts';
import { checkOthers, type OtherLink } from './link-tables.ts';
import { poolIdOf, sourceIdOf } from './link-target.ts';
import { linkConnectionType } from './type-names.ts';

type Stores = Pick<SynapseLinkOptions['stores'], 'login'>;
/** A link as it is, or as it is to be. */
export type LinkDraft = Pick<Resource<LinkProperties>, 'id' | 'properties'>;

/** Kinds of stores whose changes can be followed. */
const linkable: readonly StoreLogin['kind'][] = ['postgresql', 'sqlserver'];

/** A pool tells no changes, though it speaks as SQL Server does. */
const pools: ReadonlySet<unknown> = new Set(['AzureSqlDW']);

function isLinkable({ properties }: Resource, { kind }: StoreLogin): boolean {
  return linkable.includes(kind) && !pools.has(properties['type']);
}

/**
 * Whether a link may be so, beside its form and its references. Faults: `LinkSourceNotSupported` (unsupported), `LinkCaptureNotKnown` (invalid), `LinkMustBeStopped`,
 * `LinkTableInOtherLink`, `LinkTargetInOtherLink` (conflict), those of the linked service.
 */
export async function checkLink(
  { properties }: Asked<LinkProperties>,
  {
    id,
    before,
    resources,
  }: { readonly id: ResourceId; readonly before: Resource<LinkProperties> | undefined; readonly resources: ResourceReader },
  { stores, recordOf }: { readonly stores: Stores; readonly recordOf: (link: string) => Promise<LinkRecord> },
): Promise<void> {
  const link: LinkDraft = { id: id.text, properties };
  const service = await resources.get(sourceIdOf(link));
  const login = service && stores.login(service);
  if (service !== undefined && login !== undefined && !isLinkable(service, login)) throw notLinkable(service);
  if (login !== undefined && login.kind !== 'sqlserver' && properties.isthmus?.capture !== undefined) throw noCapture(login.kind);
  if (
    before !== undefined &&
    (keyOf(sourceIdOf(before)) !== keyOf(sourceIdOf(link)) ||
      keyOf(poolIdOf(before)) !== keyOf(poolIdOf(link)) ||
      captureOf(before.properties) !== captureOf(properties))
  ) {
    const { state } = await recordOf(before.id);
    if (state !== 'Initial' && state !== 'Stopped') throw mustBeStopped(before, state);
  }
  await checkTablesOfOthers(link, resources, stores);
}

/** No table of the link is in another one. Faults: those of `checkOthers`. */
export async function checkTablesOfOthers(link: LinkDraft, resources: ResourceReader, stores: Stores): Promise<void> {
  const tables = link.properties.linkTables ?? [];
  if (tables.length === 0) return;
  const database = await databaseOf(link, resources, stores);
  const others: OtherLink[] = [];
  for (const one of await resources.list({ within: '', type: linkConnectionType })) {
    if (keyOf(one.id) === keyOf(link.id)) continue;
    const other = one as unknown as Resource<LinkProperties>;
    const samePool = keyOf(poolIdOf(other)) === keyOf(poolIdOf(link));
    const sameSource = database !== undefined && (await databaseOf(other, resources, stores)) === database;
    others.push({ id: other.id, samePool, sameSource, tables: other.properties.linkTables ?? [] });
  }
  checkOthers(tables, others);
}

/** Equal for links that read the same database. Undefined: nobody knows. */
async function databaseOf(link: LinkDraft, resources: ResourceReader, stores: Stores): Promise<string | undefined> {
  const service = await resources.get(sourceIdOf(link));
  if (service === undefined) return undefined;
  try {
    const { kind, host, port, database } = stores.login(service);
    return JSON.stringify([kind, host.toLowerCase(), port, database]);
  } catch {
    // One whose linked service leads nowhere has no tables of anybody.
    return undefined;
  }
}

function notLinkable({ id, properties }: Resource): Fault {
  return fault(
    'unsupported',
    'LinkSourceNotSupported',
    `Changes of stores of the type ${properties['type'] as string} cannot be followed yet.`,
    {
      target: id,
      remedy: 'Name a linked service of the type AzureSqlDatabase, AzureSqlMI, SqlServer, AzurePostgreSql, PostgreSql or PostgreSqlV2.',
    },
  );
}

function noCapture(kind: StoreLogin['kind']): Fault {
  return fault('invalid', 'LinkCaptureNotKnown', `How changes are captured is not to be chosen for a source of the kind ${kind}.`, {
    target: 'properties.isthmus.capture',
    remedy: 'Leave isthmus.capture out: it is for SQL Server.',
  });
}

function mustBeStopped({ id, name }: Resource<LinkProperties>, state: string): Fault {
  return fault(
    'conflict',
    'LinkMustBeStopped',
    `The link connection '${name}' is ${state}: its source, its target and how changes are captured cannot be changed.`,
    {
      target: id,
      remedy: `POST ${id}/stop, and change it once it is Stopped.`,
    },
  );
}
