import { sqlError } from '../sql-error.ts';
import type { SqlParameter } from '../session.ts';
import type { Statement } from '../syntax/statement.ts';
import type { Expression } from '../syntax/ast.ts';
import { parseBatch } from '../syntax/parse.ts';
import { typeOfName } from '../translate/type-name.ts';
import { type TsqlType, tsqlTypeText } from '../tsql-type.ts';
import { assign } from './evaluate.ts';
import { type Frame, innerFrame } from './frame.ts';
import { parsed } from './parsed.ts';
import { type Called, type Calling, type Output, textParameter } from './calling.ts';
import type { SessionCore } from './session-core.ts';

/** A parameter as `@a int, @b nvarchar(10) = N'x' OUTPUT` declares it. */
export interface DeclaredParameter {
  readonly name: string;
  readonly type: TsqlType;
  readonly default: Expression | undefined;
  readonly output: boolean;
}

/** Reads `sp_executesql`'s and `sp_prepare`'s declarations. */
export function declaredParameters(text: string): readonly DeclaredParameter[] {
  if (text.trim() === '') return [];
  const outputs = new Set<string>();
  const plain = splitDeclarations(text).map((one) => {
    const trimmed = one.trimEnd();
    const found = /\s(OUTPUT|OUT|READONLY)$/i.exec(trimmed);
    if (!found) return one;
    const name = /@[^\s]+/.exec(one)?.[0].toLowerCase();
    if (found[1]!.toUpperCase() === 'READONLY')
      throw sqlError(40_510, 'Table-valued parameters are not supported by this SQL pool. Use a #temporary table.');
    if (name !== undefined) outputs.add(name);
    return trimmed.slice(0, found.index);
  });
  const [statement, more] = parseBatch(`DECLARE ${plain.join(', ')}`, { quotedIdentifier: true });
  if (statement?.kind !== 'declare' || more)
    throw sqlError(102, `Incorrect syntax near '${plain[0]?.slice(0, 30) ?? ''}'.`, { severity: 15 });
  return statement.variables.map(({ name, type, value }) => ({
    name,
    type: typeOfName(type),
    default: value,
    output: outputs.has(name.toLowerCase()),
  }));
}

/** At commas that stand in no parentheses and in no text. */
function splitDeclarations(text: string): readonly string[] {
  const parts: string[] = [];
  let depth = 0;
  let quoted = false;
  let from = 0;
  for (let at = 0; at < text.length; at++) {
    const character = text[at];
    if (character === "'") quoted = !quoted;
    else if (quoted) continue;
    else if (character === '(') depth++;
    else if (character === ')') depth--;
    else if (character === ',' && depth === 0) {
      parts.push(text.slice(from, at));
      from = at + 1;
    }
  }
  return [...parts, text.slice(from)];
}

/** `sp_executesql @statement, @parameters, values …`. */
export async function executeSql(calling: Calling, parameters: readonly SqlParameter[]): Promise<Called> {
  const statement = textParameter(parameters, 0, 'statement') ?? textParameter(parameters, 0, 'stmt') ?? '';
  const declared = textParameter(parameters, 1, 'params') ?? textParameter(parameters, 1, 'parameters') ?? '';
  const { core } = calling;
  return runWith(calling, { statements: parsed(statement, core), declared: declaredParameters(declared) }, { given: parameters, from: 2 });
}

export interface ParameterizedText {
  readonly statements: readonly Statement[];
  readonly declared: readonly DeclaredParameter[];
}

/** Runs a text with values for its parameters: by name, or in order. `from`: how many of the call's own come before. */
export async function runWith(
  { core, frame }: Calling,
  text: ParameterizedText,
  { given, from }: { readonly given: readonly SqlParameter[]; readonly from: number },
): Promise<Called> {
  const inner = innerFrame(frame, undefined);
  const values = given.slice(from);
  const byName = new Map(values.filter(({ name }) => name !== '').map((parameter) => [parameter.name.toLowerCase(), parameter]));
  const places = new Map<string, number>();
  for (const [place, declared] of text.declared.entries()) {
    const key = declared.name.toLowerCase();
    const named = byName.get(key);
    const placed = values[place]?.name === '' ? values[place] : undefined;
    const parameter = named ?? placed;
    if (parameter) places.set(key, given.indexOf(parameter));
    await giveParameter(declared, parameter, core, inner);
  }
  const known = new Set(text.declared.map(({ name }) => name.toLowerCase()));
  if (values.length > text.declared.length || [...byName.keys()].some((name) => !known.has(name)))
    throw sqlError(8144, 'Procedure or function has too many arguments specified.');
  const flow = await inner.interpret(text.statements, core, inner);
  const outputs = text.declared.flatMap((declared): Output[] => {
    const place = places.get(declared.name.toLowerCase());
    const variable = inner.variables.get(declared.name.toLowerCase());
    return place === undefined || !variable || !given[place]!.output
      ? []
      : [{ place, parameter: { type: variable.type, value: variable.value } }];
  });
  const status = flow.kind === 'return' ? flow.status : flow.kind === 'failed' ? flow.message.number : core.error;
  return { status, outputs, flow };
}

async function giveParameter(
  declared: DeclaredParameter,
  parameter: SqlParameter | undefined,
  core: SessionCore,
  inner: Frame,
): Promise<void> {
  const key = declared.name.toLowerCase();
  const variable = { name: declared.name, type: declared.type, value: null };
  if (!parameter || parameter.isDefault === true) {
    if (!declared.default && !parameter)
      throw sqlError(8178, `The parameterized query expects the parameter '${declared.name}', which was not supplied.`);
    inner.variables.set(key, variable);
    if (declared.default) await assign({ name: declared.name, operator: '=', place: { at: 0, line: 1 } }, declared.default, core, inner);
    return;
  }
  if (parameter.value === null || tsqlTypeText(parameter.type) === tsqlTypeText(declared.type)) {
    inner.variables.set(key, { ...variable, value: parameter.value });
    return;
  }
  const passing = '@ passing';
  inner.variables.set(key, variable);
  inner.variables.set(passing, { name: passing, type: parameter.type, value: parameter.value });
  const place = { at: 0, line: 1 };
  await assign({ name: declared.name, operator: '=', place }, { ...place, kind: 'variable', name: passing }, core, inner);
  inner.variables.delete(passing);
}
