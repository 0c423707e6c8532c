import { inserts, merges, updates } from './cases/changes.ts';
import { codePage } from './cases/code-page.ts';
import { casts, conditionsAndNulls } from './cases/conversions.ts';
import { dateFunctions, dateLiterals, dateStyles } from './cases/dates.ts';
import { aggregatesOfNumbers, decimals, integers } from './cases/numbers.ts';
import { failures, procedures, syntax, transactions, variables } from './cases/program.ts';
import { grouping, joins, selects, setsAndTables, windows } from './cases/queries.ts';
import { offsets } from './cases/offsets.ts';
import { patterns } from './cases/patterns.ts';
import { wordSort } from './cases/word-sort.ts';
import { json, pivots } from './cases/shapes.ts';
import { tables } from './cases/tables.ts';
import { ticksOfDatetime } from './cases/ticks.ts';
import { collation, textFunctions } from './cases/texts.ts';
import type { CaseArea } from './tsql-case.ts';

export const allCases: readonly CaseArea[] = [
  syntax,
  integers,
  decimals,
  aggregatesOfNumbers,
  textFunctions,
  collation,
  patterns,
  codePage,
  wordSort,
  dateLiterals,
  dateFunctions,
  dateStyles,
  offsets,
  ticksOfDatetime,
  casts,
  conditionsAndNulls,
  selects,
  joins,
  setsAndTables,
  grouping,
  windows,
  pivots,
  json,
  inserts,
  updates,
  merges,
  tables,
  variables,
  failures,
  transactions,
  procedures,
];
