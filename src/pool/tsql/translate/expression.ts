import { unreachable } from '#base/fault.ts';
import { notSupported, sqlError } from '../sql-error.ts';
import type { Condition, Expression, FunctionCall } from '../syntax/ast.ts';
import { binary, unary } from './arithmetic.ts';
import { collationOf, together } from './compare.ts';
import { compare, conditionSql } from './condition.ts';
import { castTo } from './convert.ts';
import { lackingFunctions, ruleOf } from './function-table.ts';
import { literal } from './literal.ts';
import { instantOf, onClock } from './offset-moment.ts';
import { isText, isTemporal, knownType, typeWord } from './type-order.ts';
import { typeOfName } from './type-name.ts';
import type { Scope, Typed } from './typed.ts';
import { windowCall } from './window.ts';

/** An expression in DuckDB's SQL. Faults: SQL Server's errors, by number; 195 for a function that is not known, 40510 for one that a pool has not. */
export function translateExpression(node: Expression, scope: Scope): Typed {
  const whole = scope.whole(node);
  if (whole) return whole;
  const value = (inner: Expression): Typed => translateExpression(inner, scope);
  switch (node.kind) {
    case 'null':
    case 'integer':
    case 'decimal':
    case 'float':
    case 'money':
    case 'string':
    case 'binary':
      // `binary` is a constant's kind and an operator's.
      if ('operator' in node)
        return binary(value(node.left), value(node.right), {
          operator: node.operator,
          place: node,
          dateFormat: scope.settings.dateFormat,
        });
      return literal(node);
    case 'column':
      return scope.column(node.name);
    case 'variable':
      return scope.variable(node.name, node);
    case 'global': {
      const known = scope.global(node.name, node);
      if (!known) throw sqlError(137, `Must declare the scalar variable "${node.name}".`, { place: node, severity: 15, state: 2 });
      return known;
    }
    case 'unary':
      return unary(node.operator, value(node.operand), node);
    case 'collate':
      return collated(node, value(node.operand));
    case 'at-time-zone':
      return atTimeZone(node, value(node.operand), value(node.zone));
    case 'case':
      return caseOf(node, scope);
    case 'iif':
      return branches([[translateCondition(node.condition, scope), node.then]], { node, otherwise: node.otherwise, scope });
    case 'cast':
      return cast(node, scope);
    case 'parse':
      throw notSupported(node.tries ? 'TRY_PARSE' : 'PARSE', node, 'Use CONVERT with a style.');
    case 'call':
      return call(node, scope);
    case 'subquery':
      return scalarQuery(node, scope);
    case 'next-value':
      throw notSupported('NEXT VALUE FOR', node, 'Use an IDENTITY column.');
    default:
      return unreachable(node);
  }
}

/** A condition as DuckDB's. */
export function translateCondition(node: Condition, scope: Scope): string {
  return conditionSql(node, scope, translateExpression);
}

function collated(node: Extract<Expression, { kind: 'collate' }>, operand: Typed): Typed {
  const type = knownType(operand);
  if (operand.type !== undefined && !isText(type))
    throw sqlError(447, `Expression type ${typeWord(type)} is invalid for COLLATE clause.`, { place: node });
  const { binaryOrder } = collationOf(node.collation, node);
  return { ...operand, binaryOrder: binaryOrder ? true : undefined };
}

function atTimeZone(node: Extract<Expression, { kind: 'at-time-zone' }>, operand: Typed, zone: Typed): Typed {
  if (zone.literal?.kind !== 'string' || zone.literal.text.toUpperCase() !== 'UTC')
    throw notSupported('AT TIME ZONE with a zone other than UTC', node, `Write AT TIME ZONE 'UTC'.`);
  const type = knownType(operand);
  if (!isTemporal(type) || type.name === 'time' || type.name === 'date')
    throw sqlError(8116, `Argument data type ${typeWord(operand.type)} is invalid for argument 1 of AT TIME ZONE function.`, {
      place: node,
    });
  const scale = 'scale' in type ? type.scale : type.name === 'datetime' ? 3 : 0;
  const wanted = { name: 'datetimeoffset', scale } as const;
  // What has a clock already is shown on the one of UTC.
  if (type.name === 'datetimeoffset') return { sql: onClock(instantOf(operand.sql), 0), type: wanted, nullable: operand.nullable };
  return castTo(operand, wanted, { explicit: true, place: node });
}

function caseOf(node: Extract<Expression, { kind: 'case' }>, scope: Scope): Typed {
  const operand = node.operand && translateExpression(node.operand, scope);
  const whens = node.branches.map(({ when, then }) => {
    const condition = operand
      ? compare('=', operand, translateExpression(when as Expression, scope), { place: node, scope })
      : translateCondition(when as Condition, scope);
    return [condition, then] as const;
  });
  return branches(whens, { node, otherwise: node.otherwise, scope });
}

/** CASE and IIF: all results are of one type. */
function branches(
  whens: readonly (readonly [when: string, result: Expression])[],
  of: { readonly node: Expression; readonly otherwise: Expression | undefined; readonly scope: Scope },
): Typed {
  const { node, otherwise, scope } = of;
  const results = [...whens.map(([, result]) => result), ...(otherwise ? [otherwise] : [])].map((branch) =>
    translateExpression(branch, scope),
  );
  if (results.every((result) => result.type === undefined))
    throw sqlError(
      8133,
      'At least one of the result expressions in a CASE specification must be an expression other than the NULL constant.',
      {
        place: node,
      },
    );
  const { values, type } = together(results, { place: node, dateFormat: scope.settings.dateFormat });
  const written = whens.map(([when], at) => `WHEN ${when} THEN ${values[at]?.sql ?? 'NULL'}`);
  const last = otherwise ? ` ELSE ${values.at(-1)?.sql ?? 'NULL'}` : '';
  return {
    sql: `(CASE ${written.join(' ')}${last} END)`,
    type,
    nullable: otherwise === undefined || values.some((value) => value.nullable),
    binaryOrder: values.some((value) => value.binaryOrder === true) ? true : undefined,
  };
}

function cast(node: Extract<Expression, { kind: 'cast' }>, scope: Scope): Typed {
  const type = typeOfName(node.type, { inCast: true });
  const operand = translateExpression(node.operand, scope);
  const style = node.style && translateExpression(node.style, scope);
  if (style?.literal?.kind === 'null')
    return castTo({ sql: 'NULL', type: undefined, nullable: true }, type, { explicit: true, place: node });
  if (style && style.literal?.kind !== 'integer')
    throw notSupported('CONVERT with a style that is not a constant', node, 'Write the number of the style.');
  const made = castTo(operand, type, {
    explicit: true,
    place: node,
    dateFormat: scope.settings.dateFormat,
    style: style?.literal ? Number(style.literal.text) : undefined,
    tries: node.tries,
  });
  // Only numbers that are written bare have the digits that they have; a cast one has its type's.
  return made.literal?.kind === 'integer' ? { ...made, literal: { ...made.literal, cast: true } } : made;
}

function scalarQuery(node: Extract<Expression, { kind: 'subquery' }>, scope: Scope): Typed {
  const { sql, columns } = scope.query(node.query);
  const [column, another] = columns;
  if (column === undefined || another !== undefined)
    throw sqlError(116, 'Only one expression can be specified in the select list when the subquery is not introduced with EXISTS.', {
      place: node,
    });
  // A query for nothing, `(SELECT NULL)`, still has a type.
  return { sql: `(${sql})`, type: column.type ?? { name: 'int' }, nullable: true, binaryOrder: column.binaryOrder };
}

function call(node: FunctionCall, scope: Scope): Typed {
  const [only = '', ...more] = node.name.parts;
  if (more.length > 0) {
    const path = node.name.parts.join('.');
    throw sqlError(
      4121,
      `Cannot find either column "${only}" or the user-defined function or aggregate "${path}", or the name is ambiguous.`,
      { place: node },
    );
  }
  const name = only.toUpperCase();
  const context = { call: node, scope, place: node, name, translate: translateExpression };
  const window = windowCall(context);
  if (window) return window;
  const rule = ruleOf(name);
  const given = node.arguments.filter((argument) => argument.kind !== 'date-part' && argument.kind !== 'star');
  if (!rule) {
    const known = lackingFunctions.has(name)
      ? undefined
      : scope.sessionFunction(
          name,
          given.map((argument) => translateExpression(argument, scope)),
          node,
        );
    if (known) return known;
    const instead = lackingFunctions.get(name);
    if (instead !== undefined) throw notSupported(`The function ${name}`, node, instead === '' ? undefined : instead);
    throw sqlError(195, `'${only}' is not a recognized built-in function name.`, { place: node, severity: 15, state: 10 });
  }
  if (node.arguments.length < rule.least || node.arguments.length > rule.most) throw wrongCount(only, rule, node);
  if (node.over)
    throw sqlError(4113, `The function '${only}' is not a valid windowing function, and cannot be used with the OVER clause.`, {
      place: node,
    });
  if (node.distinct || node.within !== undefined || node.arguments.some((argument) => argument.kind === 'star'))
    throw sqlError(102, `Incorrect syntax near '${only}'.`, { place: node, severity: 15 });
  return rule.write(
    given.map((argument) => translateExpression(argument, scope)),
    context,
  );
}

function wrongCount(name: string, rule: { readonly least: number; readonly most: number }, node: FunctionCall): Error {
  const word = name.toLowerCase();
  if (rule.least === rule.most)
    return sqlError(174, `The ${word} function requires ${rule.least} argument(s).`, { place: node, severity: 15 });
  return sqlError(189, `The ${word} function requires ${rule.least} to ${rule.most} arguments.`, { place: node, severity: 15 });
}
