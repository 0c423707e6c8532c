import {
  Accordion,
  AccordionHeader,
  AccordionItem,
  AccordionPanel,
  Button,
  Field,
  makeStyles,
  Select,
  Text,
  tokens,
} from '@fluentui/react-components';
import { AddRegular, DismissRegular } from '@fluentui/react-icons';
import { useState, type ReactElement } from 'react';
import type { Json } from '#arm/resource.ts';
import { fieldKind } from './field-kind.ts';
import { useFormScene, useTrouble, type FieldProps } from './form-context.ts';
import { pathText, type FormPath } from './form-path.ts';
import { isObject, resolved, type Schema } from './json-schema.ts';
import { memberLabel } from './member-label.ts';
import { told } from './plain-fields.tsx';
import { starterOf } from './starter.ts';
import { meantBranch } from './validate.ts';

const useStyles = makeStyles({
  group: { display: 'flex', flexDirection: 'column', gap: tokens.spacingVerticalM, border: 'none', margin: 0, padding: 0, minWidth: 0 },
  inner: { borderLeft: `2px solid ${tokens.colorNeutralStroke2}`, paddingLeft: tokens.spacingHorizontalM },
  legend: { padding: 0, marginBottom: tokens.spacingVerticalS, display: 'flex', alignItems: 'center', gap: tokens.spacingHorizontalS },
  panel: { display: 'flex', flexDirection: 'column', gap: tokens.spacingVerticalM, paddingTop: tokens.spacingVerticalS, margin: 0 },
  hint: { color: tokens.colorNeutralForeground3 },
});

/** An object: its fields below its name. One that nobody needs is there only when it was added. */
export function GroupField({ schema, path, label, isRequired, value, hint }: FieldProps): ReactElement {
  const styles = useStyles();
  const { change, root } = useFormScene();
  const trouble = useTrouble(path);
  // ARM's wrapper says nothing to people.
  if (path.at(-1) === 'properties') return <Members schema={schema} path={path} />;
  const isItem = typeof path.at(-1) === 'number';
  if (value === undefined && !isRequired)
    return (
      <Field {...told(trouble, hint)}>
        <div>
          <Button icon={<AddRegular />} onClick={() => change(path, starterOf(schema, root) ?? {})}>
            Set {label.toLowerCase()}
          </Button>
        </div>
      </Field>
    );
  return (
    <fieldset className={styles.group}>
      <legend className={styles.legend}>
        <Text weight="semibold">{label}</Text>
        {!isRequired && !isItem && (
          <Button
            size="small"
            appearance="subtle"
            icon={<DismissRegular />}
            aria-label={`Leave out ${label.toLowerCase()}`}
            title="Leave out"
            onClick={() => change(path, undefined)}
          />
        )}
      </legend>
      <div className={isItem ? styles.group : `${styles.group} ${styles.inner}`}>
        {hint !== undefined && (
          <Text size={200} className={styles.hint}>
            {hint}
          </Text>
        )}
        <Members schema={schema} path={path} />
      </div>
    </fieldset>
  );
}

const mostOpen = 4;

/** What is needed first; many that are not needed are folded away. */
export function Members({ schema: given, path }: { readonly schema: Schema; readonly path: FormPath }): ReactElement {
  const styles = useStyles();
  const { root, body, hidden, issues, Member } = useFormScene();
  const { properties = {}, required = [] } = resolved(given, root);
  const [atFirst] = useState(body);
  const shown = Object.keys(properties).filter(
    (name) => fieldKind(properties[name]!, root, name).kind !== 'fixed' && !hidden.has(pathText([...path, name])),
  );
  const isMain = (name: string): boolean => required.includes(name) || name === 'properties';
  const main = shown.filter(isMain);
  const others = shown.filter((name) => !isMain(name));
  const isOpen = others.length <= mostOpen || main.length === 0;
  // What has no form is for the few who know what it is.
  const isFolded = (name: string): boolean => !isOpen || fieldKind(properties[name]!, root, name).kind === 'anything';
  const rest = others.filter(isFolded);
  const open = others.filter((name) => !isFolded(name));
  const hasTrouble = rest.some((name) => [...issues.keys()].some((at) => at.startsWith(pathText([...path, name]))));
  const wasSet = rest.some((name) => hasValue(atFirst, [...path, name]));
  const field = (name: string): ReactElement => (
    <Member key={name} schema={properties[name]!} path={[...path, name]} isRequired={required.includes(name)} />
  );
  const wrapped = main.filter((name) => name === 'properties');
  return (
    <>
      {main.filter((name) => name !== 'properties').map(field)}
      {path.length > 0 && open.map(field)}
      {wrapped.map(field)}
      {path.length === 0 && open.map(field)}
      {rest.length > 0 && (
        <Accordion collapsible {...((wasSet || hasTrouble) && { defaultOpenItems: 'rest' })}>
          <AccordionItem value="rest">
            <AccordionHeader>More: {rest.map((name) => memberLabel(name)).join(', ')}</AccordionHeader>
            <AccordionPanel className={styles.panel}>{rest.map(field)}</AccordionPanel>
          </AccordionItem>
        </Accordion>
      )}
    </>
  );
}

function hasValue(body: Json, path: FormPath): boolean {
  let found: Json | undefined = body;
  for (const word of path) found = isObject(found) && typeof word === 'string' ? found[word] : undefined;
  return found !== undefined;
}

/** One of several forms: which, and then its fields. */
export function EitherField({
  path,
  label,
  isRequired,
  value,
  hint,
  branches,
}: FieldProps & { readonly branches: readonly Schema[] }): ReactElement {
  const styles = useStyles();
  const { change, root, Member } = useFormScene();
  const trouble = useTrouble(path);
  const meant = meantBranch(value, branches, root) ?? (isRequired ? 0 : undefined);
  const chosen = meant === undefined ? undefined : branches[meant];
  return (
    <div className={styles.group}>
      <Field label={`${label}: form`} required={isRequired} {...told(trouble, hint)}>
        <Select
          value={String(meant ?? -1)}
          onChange={(_, { value: next }) => change(path, Number(next) < 0 ? undefined : emptyOf(branches[Number(next)]!, root))}
        >
          {!isRequired && <option value={-1}>Not set</option>}
          {branches.map((branch, i) => (
            <option key={branchName(branch, root)} value={i}>
              {branchName(branch, root)}
            </option>
          ))}
        </Select>
      </Field>
      {chosen !== undefined && <Member key={meant} schema={chosen} path={path} isRequired label={label} />}
    </div>
  );
}

function emptyOf(branch: Schema, root: Schema): Json | undefined {
  const { type } = resolved(branch, root);
  return starterOf(branch, root) ?? (type === 'string' ? '' : type === 'boolean' ? false : type === 'null' ? null : 0);
}

function branchName(branch: Schema, root: Schema): string {
  const { title, type, properties = {} } = resolved(branch, root);
  const told = Object.values(properties).find((one) => one.const !== undefined)?.const;
  return title ?? (typeof told === 'string' ? memberLabel(told) : memberLabel(type ?? 'anything'));
}
