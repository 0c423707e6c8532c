import type { Typed } from '../translate/typed.ts';
import { collation } from '../catalogue/type-facts.ts';
import { engineEdition, productVersion } from './product.ts';
import { type Asking, variantOf } from './asking.ts';

export function serverProperty({ core }: Asking, args: readonly Typed[]): Typed {
  const { serverName } = core.pool.options;
  return variantOf(args[0]!, {
    ProductVersion: productVersion,
    ProductMajorVersion: '12',
    ProductMinorVersion: '0',
    ProductBuild: '2000',
    ProductBuildType: null,
    ProductLevel: 'RTM',
    ProductUpdateLevel: null,
    ProductUpdateReference: null,
    ResourceVersion: productVersion,
    BuildClrVersion: 'v4.0.30319',
    Edition: 'SQL Azure',
    EditionID: 1674378470n,
    EngineEdition: engineEdition,
    ServerName: serverName,
    MachineName: serverName,
    ComputerNamePhysicalNetBIOS: serverName,
    InstanceName: null,
    InstanceDefaultDataPath: null,
    InstanceDefaultLogPath: null,
    InstanceDefaultBackupPath: null,
    Collation: collation,
    CollationID: 872468488n,
    ComparisonStyle: 196609n,
    LCID: 1033n,
    SqlCharSet: 1n,
    SqlCharSetName: 'iso_1',
    SqlSortOrder: 52n,
    SqlSortOrderName: 'nocase_iso',
    IsClustered: 0n,
    IsHadrEnabled: 0n,
    HadrManagerStatus: null,
    IsSingleUser: 0n,
    IsIntegratedSecurityOnly: 0n,
    IsFullTextInstalled: 0n,
    IsXTPSupported: 0n,
    IsPolyBaseInstalled: 0n,
    IsAdvancedAnalyticsInstalled: 0n,
    IsBigDataCluster: 0n,
    IsExternalAuthenticationOnly: 0n,
    IsLocalDB: 0n,
    IsServerSuspendedForSnapshotBackup: 0n,
    IsTempdbMetadataMemoryOptimized: 0n,
    FilestreamShareName: null,
    FilestreamConfiguredLevel: 0n,
    FilestreamEffectiveLevel: 0n,
    LicenseType: 'DISABLED',
    NumLicenses: null,
    ProcessID: null,
    PathSeparator: '/',
  });
}

export function databaseProperty({ core }: Asking, args: readonly Typed[]): Typed {
  return variantOf(args[1]!, {
    Collation: collation,
    ComparisonStyle: 196609n,
    Edition: 'DataWarehouse',
    ServiceObjective: 'DW100c',
    ServiceObjectiveId: null,
    IsAnsiNullDefault: 1n,
    IsAnsiNullsEnabled: 1n,
    IsAnsiPaddingEnabled: 1n,
    IsAnsiWarningsEnabled: 1n,
    IsArithmeticAbortEnabled: 1n,
    IsAutoClose: 0n,
    IsAutoCreateStatistics: 1n,
    IsAutoShrink: 0n,
    IsAutoUpdateStatistics: 1n,
    IsFulltextEnabled: 0n,
    IsInStandBy: 0n,
    IsMergePublished: 0n,
    IsNullConcat: 1n,
    IsParameterizationForced: 0n,
    IsPublished: 0n,
    IsQuotedIdentifiersEnabled: 1n,
    IsReadCommittedSnapshotOn: 1n,
    IsSubscribed: 0n,
    IsSyncWithBackup: 0n,
    IsTornPageDetectionEnabled: 0n,
    LCID: 1033n,
    MaxSizeInBytes: null,
    Recovery: 'FULL',
    SQLSortOrder: 52n,
    Status: 'ONLINE',
    Updateability: core.client.user.mayWrite ? 'READ_WRITE' : 'READ_ONLY',
    UserAccess: 'MULTI_USER',
    Version: 912n,
  });
}

export function sessionProperty({ core }: Asking, args: readonly Typed[]): Typed {
  const names = [
    'ANSI_NULLS',
    'ANSI_PADDING',
    'ANSI_WARNINGS',
    'ARITHABORT',
    'CONCAT_NULL_YIELDS_NULL',
    'NUMERIC_ROUNDABORT',
    'QUOTED_IDENTIFIER',
  ];
  return variantOf(args[0]!, Object.fromEntries(names.map((name) => [name, core.options.flags.get(name) === true ? 1n : 0n])));
}

export function connectionProperty({ core }: Asking, args: readonly Typed[]): Typed {
  return variantOf(args[0]!, {
    net_transport: 'TCP',
    protocol_type: 'TSQL',
    auth_scheme: 'SQL',
    local_net_address: null,
    local_tcp_port: null,
    client_net_address: core.client.address,
    physical_net_transport: 'TCP',
  });
}
