import type { PlaneFace, ResourceType } from '#arm/resource-type.ts';
import type { Resource } from '#arm/resource.ts';
import type { ResourceReader } from '#arm/store.ts';
import type { EgressMode } from './egress.ts';
import type { LinkedServiceProperties } from './linked-service-shape.ts';

/** What authoring goes on in: a data factory, or a workspace. Everything in which the two differ. */
export interface AuthoringHome {
  /** Type of the home itself; what lies in it are children of it. */
  readonly type: string;
  /** For people: `data factory`. */
  readonly noun: string;
  readonly versions: ResourceType['versions'];
  /** Of its children. */
  readonly answers: ResourceType['answers'];
  /** Where its children are also asked for, beside ARM. */
  readonly planes?: Readonly<Partial<Record<keyof PartTypes, PlaneFace>>>;
  /** `users` create the managed virtual network; or it comes, or does not come, with the home. */
  readonly networkBy: 'users' | 'home';
  /** Other names by which the integration runtime that every home has is asked for. */
  readonly runtimeAliases: readonly string[];
  /** What its managed virtual network lets out. */
  readonly egress: (home: Pick<Resource, 'tags' | 'properties'>) => EgressMode;
  /** Linked services that a home of this name has from the start; nobody writes them. */
  readonly builtInServices?: (name: string) => readonly BuiltInService[];
  /** Which targets its managed private endpoints may lead to, beside those that all may. */
  readonly targets?: TargetRule;
  /** Resources of this type in it that are still being deleted give something back over its endpoints, which wait for that. */
  readonly givesBack?: string;
}

export interface BuiltInService {
  readonly name: string;
  readonly properties: LinkedServiceProperties;
}

export interface TargetRule {
  /** In the transaction of the endpoint's write. Throws the refusal. */
  check(target: string, home: Resource, resources: ResourceReader): Promise<void>;
  /** As it is now, for an endpoint that is there already. */
  isCompliant(target: string, home: Resource, resources: ResourceReader): Promise<boolean>;
}

/** Types of the children of a home. */
export interface PartTypes {
  readonly network: string;
  readonly endpoint: string;
  readonly runtime: string;
  /** Small letters, as Azure's own clients write it. */
  readonly linkedService: string;
}

export function partTypes({ type }: Pick<AuthoringHome, 'type'>): PartTypes {
  const network = `${type}/managedVirtualNetworks`;
  return {
    network,
    endpoint: `${network}/managedPrivateEndpoints`,
    runtime: `${type}/integrationRuntimes`,
    linkedService: `${type}/linkedservices`,
  };
}

/** For `resourceType`: where a child is asked for beside ARM. */
export function planeOf({ planes }: AuthoringHome, part: keyof PartTypes): { readonly plane?: PlaneFace } {
  const plane = planes?.[part];
  return plane === undefined ? {} : { plane };
}

/** The only managed virtual network that a home may have. */
export const onlyNetwork = 'default';
/** The integration runtime that every home has. */
export const autoResolve = 'AutoResolveIntegrationRuntime';
