import { readFile } from 'node:fs/promises';
import { directDialer } from '#base/dialer.ts';
import { fault } from '#base/fault.ts';
import { secret, type Secret } from '#base/secret.ts';
import type { ChangeSource } from '#replication/source.ts';
import { parseTablePatterns } from '#replication/sources/postgres/table-patterns.ts';
import { parsePgUrl } from '#replication/sources/postgres/url.ts';
import { parseSqlServerUrl } from '#replication/sources/sqlserver/url.ts';
import type { LinkCommand } from './link-command.ts';

/** Where a link reads from. */
export interface LinkSource {
  readonly connect: (signal: AbortSignal) => Promise<ChangeSource>;
  /** Said once the source was given back what was made there. */
  readonly released: string;
}

/** By the kind of the URL. Faults: `SourceKind` (unsupported), those of the URL and of the table patterns (invalid). */
export async function sourceOf(command: LinkCommand, slot: string): Promise<LinkSource> {
  const scheme = /^([a-z]+):\/\//.exec(command.from)?.[1];
  if (scheme === 'mysql' || scheme === 'mariadb')
    throw fault('unsupported', 'SourceKind', `Sources of the kind ${scheme}:// are not built yet.`, {
      remedy: 'Use a postgres:// or sqlserver:// source.',
    });
  return scheme === 'sqlserver' ? await sqlServerOf(command) : await postgresOf(command, slot);
}

async function postgresOf(command: LinkCommand, slot: string): Promise<LinkSource> {
  const address = parsePgUrl(command.from);
  const options = {
    address: { ...address, password: address.password ?? (await passwordOf(command)), dialer: directDialer },
    slot,
    catalog: { patterns: parseTablePatterns(command.tables ?? 'public.*'), asText: new Set(command.asText) },
    failover: command.failover,
  };
  return {
    connect: async (signal) => {
      const { PostgresSource } = await import('#replication/sources/postgres/postgres-source.ts');
      return await PostgresSource.connect(options, signal);
    },
    released: `the replication slot and publications ${slot} are released`,
  };
}

async function sqlServerOf(command: LinkCommand): Promise<LinkSource> {
  const address = parseSqlServerUrl(command.from);
  if (command.asText.length > 0)
    throw fault('unsupported', 'OptionNotForSource', '--as-text is for sources of the kind postgres://.', {
      remedy: 'Leave it out: a check says which columns travel as text.',
    });
  const options = {
    address: { ...address, password: address.password ?? (await passwordOf({ ...command, password: undefined })) },
    dialer: directDialer,
    applicationName: 'isthmus',
    capture: command.capture,
    tables: parseTablePatterns(command.tables ?? 'dbo.*', 'dbo'),
  };
  return {
    connect: async (signal) => {
      const { SqlServerSource } = await import('#replication/sources/sqlserver/sqlserver-source.ts');
      return await SqlServerSource.connect(options, signal);
    },
    released: 'nothing was made at the source: what it keeps of changes it keeps for everybody',
  };
}

async function passwordOf({ passwordFile, password }: LinkCommand): Promise<Secret | undefined> {
  const text = passwordFile === undefined ? password : (await readFile(passwordFile, 'utf8')).replace(/\r?\n$/, '');
  return text === undefined ? undefined : secret(text);
}
