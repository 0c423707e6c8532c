import { Button, Field, Input, makeStyles, Text, tokens } from '@fluentui/react-components';
import { AddRegular, DismissRegular } from '@fluentui/react-icons';
import { useState, type ReactElement } from 'react';
import { useFormScene, useTrouble, type FieldProps } from './form-context.ts';
import { isObject } from './json-schema.ts';
import { told } from './plain-fields.tsx';

const useStyles = makeStyles({
  list: { display: 'flex', flexDirection: 'column', gap: tokens.spacingVerticalS, border: 'none', padding: 0, margin: 0, minWidth: 0 },
  legend: { padding: 0, marginBottom: tokens.spacingVerticalXS },
  row: { display: 'flex', alignItems: 'start', gap: tokens.spacingHorizontalS },
  grow: { flexGrow: 1, minWidth: 0 },
  input: { minWidth: 0, width: '100%' },
});

interface Row {
  readonly name: string;
  readonly text: string;
}

/** Names with texts, as tags are. */
export function MapField({ path, label, value, maxLength }: FieldProps & { readonly maxLength: number | undefined }): ReactElement {
  const styles = useStyles();
  const { change } = useFormScene();
  const trouble = useTrouble(path);
  const [rows, setRows] = useState<readonly Row[]>(() => rowsOf(value));
  const give = (next: readonly Row[]): void => {
    setRows(next);
    const named = next.filter(({ name }) => name !== '');
    const isEmpty = named.length === 0 && value === undefined;
    if (!isEmpty) change(path, Object.fromEntries(named.map(({ name, text }) => [name, text])));
  };
  const put = (at: number, more: Partial<Row>): void => give(rows.map((row, i) => (i === at ? { ...row, ...more } : row)));
  return (
    <fieldset className={styles.list}>
      <legend className={styles.legend}>
        <Text>{label}</Text>
      </legend>
      {rows.map(({ name, text }, i) => (
        // Rows have no identity of their own while their names are being typed.
        <div key={i} className={styles.row}>
          <Field className={styles.grow} {...told(nameTrouble(rows, i))}>
            <Input
              className={styles.input}
              aria-label={`${label}: name ${i + 1}`}
              placeholder="Name"
              value={name}
              onChange={(_, { value: next }) => put(i, { name: next })}
            />
          </Field>
          <Field className={styles.grow} {...told(valueTrouble(text, maxLength))}>
            <Input
              className={styles.input}
              aria-label={`${label}: value ${i + 1}`}
              placeholder="Value"
              value={text}
              onChange={(_, { value: next }) => put(i, { text: next })}
            />
          </Field>
          <Button
            appearance="subtle"
            icon={<DismissRegular />}
            aria-label={`Remove ${name || `row ${i + 1}`}`}
            title="Remove"
            onClick={() => give(rows.filter((_, at) => at !== i))}
          />
        </div>
      ))}
      <div>
        <Button icon={<AddRegular />} onClick={() => setRows([...rows, { name: '', text: '' }])}>
          Add to {label.toLowerCase()}
        </Button>
      </div>
      {trouble !== undefined && <Field {...told(trouble)} />}
    </fieldset>
  );
}

function rowsOf(value: FieldProps['value']): readonly Row[] {
  return isObject(value)
    ? Object.entries(value).map(([name, text]) => ({ name, text: typeof text === 'string' ? text : JSON.stringify(text) }))
    : [];
}

function nameTrouble(rows: readonly Row[], at: number): string | undefined {
  const { name, text } = rows[at]!;
  if (name === '' && text !== '') return 'A name is needed.';
  return name !== '' && rows.some((row, i) => i < at && row.name.toLowerCase() === name.toLowerCase())
    ? 'This name is there already.'
    : undefined;
}

function valueTrouble(text: string, maxLength = Number.POSITIVE_INFINITY): string | undefined {
  return text.length > maxLength ? `This can have at most ${maxLength} characters; it has ${text.length}.` : undefined;
}
