import type { Log } from '#base/log.ts';
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { TestsOfOperations } from '#arm/coverage.ts';
import type { FastifyInstance } from 'fastify';
import { must } from '#base/fault.ts';
import type { Service } from '#base/service.ts';
import { secret } from '#base/secret.ts';
import { liveChanges } from '#arm/live-changes.ts';
import { parseResourceId } from '#arm/resource-id.ts';
import { type AnyType, type Principal, typeCatalog, type TypeCatalog } from '#arm/resource-type.ts';
import type { Resource } from '#arm/resource.ts';
import type { StoreTransaction } from '#arm/store.ts';
import { createApp, type Answered } from '#control/http/app.ts';
import { schemaProvider } from '#control/http/schema-provider.ts';
import { searchProvider } from '#control/http/search-provider.ts';
import { ensureAdministrator, type Administrator } from '#control/identity/administrator.ts';
import type { Certificates } from '#control/identity/certificates.ts';
import { openInstallation } from '#control/identity/installation.ts';
import type { PrincipalDirectory } from '#control/identity/principal-directory.ts';
import { principalResourceType } from '#control/identity/principals.ts';
import { readSealKeys } from '#control/identity/seal-keys.ts';
import { sealer as sealerOf } from '#control/identity/sealer.ts';
import { hasSigningKeys } from '#control/identity/signing-keys.ts';
import { ReconcileLoop } from '#control/reconcile/reconcile-loop.ts';
import { createResourceService, type ResourceService } from '#control/resources/resource-service.ts';
import type { SqliteStore } from '#control/store/sqlite-store.ts';
import type { FabricEngine } from '#fabric/engine.ts';
import { showFabric } from '#fabric/metrics.ts';
import { emptyPlan } from '#fabric/plan.ts';
import { grantOwner } from '#providers/authorization/first-owner.ts';
import { permissions } from '#providers/authorization/permissions.ts';
import { roleAssignments } from '#providers/authorization/role-assignments.ts';
import { RoleAuthorizer } from '#providers/authorization/role-check.ts';
import { roleDefinitions } from '#providers/authorization/role-definitions.ts';
import { authoringNetworks } from '#providers/authoring/managed-networks.ts';
import { factoryHome } from '#providers/data-factory/factory-home.ts';
import type { MayApprove } from '#providers/network/connections.ts';
import { createPlanKeeper, type PlanKeeper } from '#providers/network/plan-keeper.ts';
import { workspaceHome } from '#providers/synapse/workspace-home.ts';
import { resourcesTypes } from '#providers/resources/resources-types.ts';
import { subscription as subscriptionResource } from '#providers/resources/subscription.ts';
import type { RuntimeHost } from '#runtime/runtime.ts';
import type { PoolHost } from '#providers/synapse/pool-host.ts';
import type { ControlJob } from './channel.ts';
import { hostAddresses } from './host-addresses.ts';
import { insightParts } from './insight-parts.ts';
import { openLogFile } from './log-file.ts';
import { providersOf } from './provider-types.ts';
import { openSignIn } from './sign-in-parts.ts';
import { sqlLogins } from './sql-login-parts.ts';

export interface ControlRequest {
  readonly job: ControlJob;
  readonly store: SqliteStore;
  readonly certificates: Certificates;
  /** Names by which this installation is reached. */
  readonly hostNames: readonly string[];
  /** What carries the network. */
  readonly engine: FabricEngine;
  readonly runtimes: RuntimeHost;
  /** What runs SQL pools. */
  readonly pools: PoolHost;
  readonly log: Log;
}

/** A control plane, put together. Disposing it ends nothing that runs: stop `loop` and close `app` first. */
export interface ControlParts extends Disposable {
  readonly app: FastifyInstance;
  readonly loop: ReconcileLoop;
  readonly keeper: PlanKeeper;
  /** What else has to run. */
  readonly services: readonly Service[];
  readonly tenant: string;
  readonly subscription: string;
  /** An address of the Studio that signs the first administrator in, once. `base`: `https://localhost:4433`. */
  studioLink(base: string): Promise<string>;
}

/** What plans are made of beside the network's own resources. */
const planGround = { managed: [authoringNetworks(factoryHome), authoringNetworks(workspaceHome)], publicAddresses: hostAddresses };

/** Puts the control plane together: everything that is served, who may ask, and what makes it true. First start: makes tenant, subscription, administrator. */
export async function composeControl({
  job,
  store,
  certificates,
  hostNames,
  engine,
  runtimes,
  pools,
  log,
}: ControlRequest): Promise<ControlParts> {
  const installation = await openInstallation(store);
  const { tenant, subscription } = installation;
  const fromEnvironment = job.sealKeys === undefined ? undefined : secret(job.sealKeys);
  const sealer = sealerOf(await readSealKeys({ folder: job.folder, fromEnvironment, isNew: !(await hasSigningKeys(store)) }));
  const { directory, studio, authenticator, plugins } = await openSignIn({ job, store, sealer, hostNames, installation, log });
  const authorizer = new RoleAuthorizer(store);
  let service: ResourceService | undefined;
  const tools = () => ({
    writer: must(service, 'a service'),
    authorizer,
    catalog,
    present: (resource: Resource, type: AnyType) => must(service, 'a service').present(resource, type),
    principalOf: async (id: string): Promise<Principal | undefined> => (await directory.byPrincipalId(id))?.principal,
  });
  const serverName = (server: Resource): Promise<string | undefined> => shownName(server, catalog, store);
  const measured = measuredEngine(engine);
  const live = liveChanges();
  const logins = sqlLogins({ store, sealer, authenticator, authorizer });
  pools.decideLogins((pool, asked) => logins.decide(pool, asked));
  const keeper = createPlanKeeper({ store, serverName, engine: measured, ...planGround });
  const mayApprove = approvers(directory, authorizer);
  const connections = (parentType: string): AnyType | undefined => catalog.get(`${parentType}/privateEndpointConnections`);
  const network = { store, engine, runtimes, pools, keeper, mayApprove, serverName, live, folder: job.folder, log };
  const providers = providersOf({ ...network, sealer, writer: () => must(service, 'a service'), tenant, connections });
  const insights = insightParts({ store, sealer, authorizer, sources: providers.measured, live, job, log });
  const catalog: TypeCatalog = typeCatalog([
    ...resourcesTypes({ sealer, tools }),
    roleDefinitions,
    roleAssignments,
    permissions,
    principalResourceType({ store }),
    ...providers.types,
    ...insights.types,
  ]);
  service = createResourceService({ store, catalog, sealer, log: log.child({ part: 'resources' }) });
  const ground = { store, catalog, service, sealer };
  const administrator = await ensureOwner({ store, folder: job.folder, tenant, subscription });
  const accessLog = job.accessLog === undefined ? undefined : openLogFile(job.accessLog);
  const app = createApp({
    ...ground,
    authenticator,
    pageSignIn: studio.pageSignIn,
    authorizer,
    tenant: { id: tenant, name: 'Isthmus' },
    auditLog: store.auditLog,
    live,
    ownProviders: [searchProvider(ground), schemaProvider(catalog), ...insights.own, ...providers.ownProviders],
    plugins,
    https: certificates,
    ...(accessLog && { onAnswered: (answered: Answered) => accessLog.log.info(answered, 'answered') }),
    tests: clientTests(),
    log: log.child({ part: 'http' }),
  });
  const loop = new ReconcileLoop({ store, types: catalog, log: log.child({ part: 'reconcile' }) });
  const made = service;
  return {
    app,
    loop,
    keeper,
    services: [...providers.services, ...insights.services],
    tenant,
    subscription,
    studioLink: (base) => studio.link(base, administrator.principalId, randomUUID()),
    [Symbol.dispose]: () => [made, accessLog, measured, live].forEach((one) => one?.[Symbol.dispose]()),
  };
}

async function shownName(server: Resource, catalog: TypeCatalog, store: SqliteStore): Promise<string | undefined> {
  const name = (await catalog.get(server.type)?.show?.(server, store))?.['fullyQualifiedDomainName'];
  return typeof name === 'string' ? name : undefined;
}

/** What a first start makes: a subscription, and an administrator who owns everything. */
async function ensureOwner({ store, folder, tenant, subscription }: Pick<ControlRequest, 'store'> & OwnedPlace): Promise<Administrator> {
  await ensureSubscription(store, tenant, subscription);
  const grant = (transaction: StoreTransaction, administrator: Principal): Promise<void> => grantOwner(transaction, administrator);
  return ensureAdministrator({ store, folder, tenant, grant });
}

interface OwnedPlace {
  readonly folder: string;
  readonly tenant: string;
  readonly subscription: string;
}

/** An engine that is measured by the plan it carries. */
function measuredEngine(engine: FabricEngine): Pick<FabricEngine, 'apply'> & Disposable {
  let plan = emptyPlan;
  const shown = showFabric(engine, () => plan);
  return {
    apply: async (next) => {
      await engine.apply(next);
      plan = next;
    },
    [Symbol.dispose]: () => shown[Symbol.dispose](),
  };
}

/** Who may approve connections to what, whatever they asked for themselves. */
function approvers(directory: Pick<PrincipalDirectory, 'byPrincipalId'>, authorizer: RoleAuthorizer): MayApprove {
  return async (principalId, targetId) => {
    const principal = (await directory.byPrincipalId(principalId))?.principal;
    const action = `${parseResourceId(targetId).type}/privateEndpointConnectionsApproval/action`;
    return principal !== undefined && (await authorizer.allows(principal, action, targetId));
  };
}

/** Which tests with Azure's own clients drive which operation. */
function clientTests(): TestsOfOperations {
  return JSON.parse(readFileSync(new URL('../../../docs/client-tests.json', import.meta.url), 'utf8')) as TestsOfOperations;
}

/** The first subscription, where everything else lies. */
async function ensureSubscription(store: SqliteStore, tenantId: string, name: string): Promise<void> {
  const id = `/subscriptions/${name}`;
  if (await store.get(id)) return;
  await store.write(async (transaction) => {
    const properties = { displayName: 'Isthmus', tenantId };
    const { type } = subscriptionResource;
    await transaction.put({
      id,
      type,
      location: undefined,
      tags: {},
      envelope: {},
      properties,
      references: [],
      principal: tenantId,
      ready: true,
    });
  });
}
