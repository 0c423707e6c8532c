import type { Authorizer, ResourceWriter, Sealer } from '#arm/access.ts';
import type { AnyType, Principal, TypeCatalog } from '#arm/resource-type.ts';
import type { JsonObject, Resource } from '#arm/resource.ts';

/** What deployments work with. */
export interface DeploymentTools {
  readonly writer: ResourceWriter;
  readonly authorizer: Authorizer;
  /** Every type that can be deployed. */
  readonly catalog: TypeCatalog;
  /** A resource in the form in which clients get it: what `reference()` gives. Without secrets. */
  readonly present: (resource: Resource, type: AnyType) => Promise<JsonObject>;
  /** Undefined: there is none any more. */
  readonly principalOf: (id: string) => Promise<Principal | undefined>;
}

export interface DeploymentOptions {
  readonly sealer: Sealer;
  /** Asked for when they are needed: they are made of the types, and these are among them. */
  readonly tools: () => DeploymentTools;
  /** What `environment()` answers. Default: Azure's names with this product's. */
  readonly environment?: JsonObject;
  readonly now?: () => Date;
  readonly newId?: () => string;
}
