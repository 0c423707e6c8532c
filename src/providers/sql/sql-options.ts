import type { DatabaseServerOptions } from '#arm/database-server.ts';

export interface SqlOptions extends DatabaseServerOptions {
  /** Of the installation, for identities of servers. */
  readonly tenant?: string;
}
