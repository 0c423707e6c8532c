import { Field, makeStyles, Textarea, tokens } from '@fluentui/react-components';
import { useState, type ReactElement } from 'react';
import type { Json } from '#arm/resource.ts';
import { useFormScene, useTrouble, type FieldProps } from './form-context.ts';
import { told } from './plain-fields.tsx';

const useStyles = makeStyles({ text: { fontFamily: tokens.fontFamilyMonospace, minHeight: '96px' } });

/** What has no form: JSON. */
export function AnythingField({ path, label, isRequired, value, hint }: FieldProps): ReactElement {
  const styles = useStyles();
  const { change, unreadable } = useFormScene();
  const trouble = useTrouble(path);
  const [text, setText] = useState(() => (value === undefined ? '' : JSON.stringify(value, undefined, 2)));
  const [wrong, setWrong] = useState<string | undefined>();
  const give = (next: string): void => {
    setText(next);
    const read = readJson(next);
    setWrong(read.wrong);
    unreadable(path, read.wrong !== undefined);
    if (read.wrong === undefined) change(path, read.value);
  };
  return (
    <Field label={label} required={isRequired} {...told(wrong ?? trouble, hint ?? 'As JSON')}>
      <Textarea textarea={{ className: styles.text }} resize="vertical" value={text} onChange={(_, { value: next }) => give(next)} />
    </Field>
  );
}

/** Nothing at all is nothing, and readable. */
export function readJson(text: string): { readonly value: Json | undefined; readonly wrong: string | undefined } {
  if (text.trim() === '') return { value: undefined, wrong: undefined };
  try {
    return { value: JSON.parse(text) as Json, wrong: undefined };
  } catch (error) {
    return { value: undefined, wrong: `This is no JSON: ${error instanceof Error ? error.message : String(error)}` };
  }
}
