/** What a pool says it is: tools that know Azure Synapse Analytics treat it as a dedicated SQL pool. */
export const productVersion = '12.0.2000.8';
/** Of SERVERPROPERTY('EngineEdition'): a dedicated SQL pool. */
export const engineEdition = 6n;
export const versionText =
  'Microsoft Azure SQL Data Warehouse - 10.0.25148.0 (Isthmus, which is not made by Microsoft: SQL pool on DuckDB)';
