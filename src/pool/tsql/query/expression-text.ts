import type { Fault } from '#base/fault.ts';
import { notSupported } from '../sql-error.ts';
import type { Expression } from '../syntax/ast.ts';

/** The T-SQL of a column's default: a literal, or a function of literals. Other expressions are refused. */
export function defaultText(expression: Expression): string {
  switch (expression.kind) {
    case 'null':
      return 'NULL';
    case 'integer':
    case 'decimal':
    case 'float':
      return expression.text;
    case 'money':
      return expression.text.startsWith('$') ? expression.text : `$${expression.text}`;
    case 'string':
      return `${expression.national ? 'N' : ''}'${expression.value.replaceAll("'", "''")}'`;
    case 'binary':
      if ('hex' in expression) return `0x${expression.hex}`;
      throw beyond(expression);
    case 'unary':
      return `${expression.operator}${defaultText(expression.operand)}`;
    case 'call':
      return callText(expression);
    default:
      throw beyond(expression);
  }
}

function beyond(expression: Expression): Fault {
  return notSupported('A default that is more than a literal or a function of literals', expression, 'Give the value in INSERT.');
}

/** Functions that are written without parentheses. */
const bare = new Set(['CURRENT_TIMESTAMP', 'CURRENT_USER', 'SESSION_USER', 'SYSTEM_USER', 'USER']);

function callText(call: Expression & { readonly kind: 'call' }): string {
  const name = call.name.parts.join('.');
  if (call.arguments.length === 0 && bare.has(name.toUpperCase())) return name;
  if (call.over || call.within || call.distinct) throw notSupported('An aggregate in a default', call);
  const given = call.arguments.map((argument) => {
    if (argument.kind === 'star') throw notSupported('An aggregate in a default', call);
    return argument.kind === 'date-part' ? argument.word : defaultText(argument);
  });
  return `${name}(${given.join(', ')})`;
}
