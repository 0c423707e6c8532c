import { Checkbox, Field, Input, Select, Textarea, type FieldProps as FieldLook } from '@fluentui/react-components';
import type { ReactElement } from 'react';
import type { Json } from '#arm/resource.ts';
import { useFormScene, useTrouble, type FieldProps } from './form-context.ts';
import type { Schema } from './json-schema.ts';

export function TextField({
  schema,
  path,
  label,
  isRequired,
  value,
  hint,
  isLong,
}: FieldProps & { readonly isLong: boolean }): ReactElement {
  const { change } = useFormScene();
  const trouble = useTrouble(path);
  const shown = value === undefined ? '' : typeof value === 'string' ? value : JSON.stringify(value);
  const given = (text: string): void => change(path, text === '' ? undefined : text);
  const placeholder = defaultText(schema);
  return (
    <Field label={label} required={isRequired} {...told(trouble, hint)}>
      {isLong ? (
        <Textarea value={shown} placeholder={placeholder} resize="vertical" onChange={(_, { value: text }) => given(text)} />
      ) : (
        <Input value={shown} placeholder={placeholder} onChange={(_, { value: text }) => given(text)} />
      )}
    </Field>
  );
}

/** What is being typed and is no number stays as it is, and is told. */
export function NumberField({ schema, path, label, isRequired, value, hint }: FieldProps): ReactElement {
  const { change } = useFormScene();
  const trouble = useTrouble(path);
  return (
    <Field label={label} required={isRequired} {...told(trouble, hint ?? rangeText(schema))}>
      <Input
        inputMode="decimal"
        value={value === undefined ? '' : typeof value === 'string' ? value : JSON.stringify(value)}
        placeholder={defaultText(schema)}
        onChange={(_, { value: text }) => change(path, numberOf(text))}
      />
    </Field>
  );
}

function numberOf(text: string): Json | undefined {
  const trimmed = text.trim();
  if (trimmed === '') return undefined;
  return /^-?(?:0|[1-9]\d*)(?:\.\d+)?$/.test(trimmed) && String(Number(trimmed)) === trimmed ? Number(trimmed) : text;
}

function rangeText({ minimum, maximum }: Schema): string | undefined {
  const isOpen = maximum === undefined || maximum >= Number.MAX_SAFE_INTEGER;
  if (minimum !== undefined && !isOpen) return `${minimum} to ${maximum}`;
  return undefined;
}

export function SecretField({ path, label, isRequired, value, hint }: FieldProps): ReactElement {
  const { change, keepsSecrets } = useFormScene();
  const trouble = useTrouble(path);
  const kept = 'What is stored is never shown. Leave it empty to keep it.';
  return (
    <Field label={label} required={isRequired && !keepsSecrets} {...told(trouble, keepsSecrets ? kept : hint)}>
      <Input
        type="password"
        autoComplete="new-password"
        value={typeof value === 'string' ? value : ''}
        onChange={(_, { value: text }) => change(path, text === '' ? undefined : text)}
      />
    </Field>
  );
}

export function ChoiceField(props: FieldProps & { readonly options: readonly Json[] }): ReactElement {
  const { schema, path, label, isRequired, value, hint, options } = props;
  const { change } = useFormScene();
  const trouble = useTrouble(path);
  const at = value === undefined ? -1 : options.findIndex((one) => JSON.stringify(one) === JSON.stringify(value));
  const none = schema.default === undefined ? (isRequired ? 'Choose …' : 'Not set') : `${wordOf(schema.default)} (if nothing is chosen)`;
  return (
    <Field label={label} required={isRequired} {...told(trouble, hint)}>
      <Select value={String(at)} onChange={(_, { value: chosen }) => change(path, options[Number(chosen)])}>
        <option value="-1">{at < 0 && value !== undefined ? wordOf(value) : none}</option>
        {options.map((option, i) => (
          <option key={wordOf(option)} value={i}>
            {wordOf(option)}
          </option>
        ))}
      </Select>
    </Field>
  );
}

export function FlagField({ schema, path, label, value, hint }: FieldProps): ReactElement {
  const { change } = useFormScene();
  const trouble = useTrouble(path);
  const isOn = value === undefined ? schema.default === true : value === true;
  return (
    <Field {...told(trouble, hint)}>
      <Checkbox label={label} checked={isOn} onChange={(_, { checked }) => change(path, checked === true)} />
    </Field>
  );
}

function defaultText({ default: usual }: Schema): string {
  return usual === undefined || usual === '' ? '' : wordOf(usual);
}

function wordOf(value: Json): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

/** What a Field says below itself. */
export function told(trouble: string | undefined, hint?: string): Pick<FieldLook, 'validationState' | 'validationMessage' | 'hint'> {
  return {
    ...(hint !== undefined && { hint }),
    ...(trouble !== undefined && { validationState: 'error', validationMessage: trouble }),
  };
}
