import { notSupported, sqlError } from '../sql-error.ts';
import type { Literal } from '../syntax/ast.ts';
import type { TsqlType } from '../tsql-type.ts';
import { asCodePage } from './code-page.ts';
import { duckDbTypeOf } from './duckdb-type.ts';
import { textLiteral } from './sql-text.ts';
import { sizedType } from './type-order.ts';
import type { Typed } from './typed.ts';

/** A constant. Whole numbers beyond `int` are decimals, as T-SQL has them. Faults: 1007, 168. */
export function literal(node: Literal): Typed {
  switch (node.kind) {
    case 'null':
      return { sql: 'NULL', type: undefined, nullable: true, literal: { kind: 'null', text: 'NULL' } };
    case 'integer':
      return isInt(node.text)
        ? constant(node.text, { name: 'int' }, { kind: 'integer', text: node.text })
        : decimalLiteral(node, { kind: 'integer', text: node.text });
    case 'decimal':
      return decimalLiteral(node, { kind: 'decimal', text: node.text });
    case 'float':
      if (!Number.isFinite(Number(node.text)))
        throw sqlError(168, `The floating point value '${node.text}' is out of the range of computer representation (8 bytes).`, {
          place: node,
          severity: 15,
        });
      return constant(`'${node.text}'`, { name: 'float' }, { kind: 'other', text: node.text });
    case 'money':
      return constant(`'${node.text.replaceAll(/[$,\s]/g, '') || '0'}'`, { name: 'money' }, { kind: 'other', text: node.text });
    case 'string': {
      if (!node.value.isWellFormed()) throw notSupported('Half of a surrogate pair', node, 'Write both halves.');
      const text = node.national ? node.value : asCodePage(node.value);
      const length = text.length > (node.national ? 4000 : 8000) ? 'max' : text.length;
      return {
        sql: textLiteral(text),
        type: sizedType(node.national ? 'nvarchar' : 'varchar', length),
        nullable: false,
        literal: { kind: 'string', text },
      };
    }
    default:
      return {
        sql: `unhex('${node.hex}')`,
        type: sizedType('varbinary', node.hex.length > 16_000 ? 'max' : node.hex.length / 2),
        nullable: false,
        literal: { kind: 'other', text: `0x${node.hex}` },
      };
  }
}

function constant(text: string, type: TsqlType, known: Typed['literal']): Typed {
  return { sql: `CAST(${text} AS ${duckDbTypeOf(type)})`, type, nullable: false, literal: known };
}

function isInt(text: string): boolean {
  const digits = text.replace(/^0+(?=\d)/, '');
  return digits.length < 10 || (digits.length === 10 && digits <= '2147483647');
}

/** Of the digits that it has. */
export function decimalType(text: string): { readonly name: 'decimal'; readonly precision: number; readonly scale: number } {
  const [whole = '', fraction = ''] = text.replace(/^[+-]/, '').split('.');
  const digits = whole.replace(/^0+/, '').length;
  return { name: 'decimal', precision: Math.max(1, digits + fraction.length), scale: fraction.length };
}

function decimalLiteral(node: Literal & { readonly text: string }, known: Typed['literal']): Typed {
  const type = decimalType(node.text);
  if (type.precision > 38)
    throw sqlError(1007, `The number '${node.text}' is out of the range for numeric representation (maximum precision 38).`, {
      place: node,
      severity: 15,
    });
  return constant(`'${node.text}'`, type, known);
}
