import { Field, makeStyles, Textarea, tokens } from '@fluentui/react-components';
import { useRef, useState, type ReactElement } from 'react';
import type { JsonObject } from '#arm/resource.ts';
import { readJson } from './anything-field.tsx';
import { isObject, type Schema } from './json-schema.ts';
import { told } from './plain-fields.tsx';
import { issuesOf, issueText } from './validate.ts';

const useStyles = makeStyles({
  text: {
    fontFamily: tokens.fontFamilyMonospace,
    fontSize: tokens.fontSizeBase200,
    minHeight: '420px',
    maxHeight: '70vh !important',
  },
  issues: { margin: 0, paddingLeft: tokens.spacingHorizontalL, color: tokens.colorPaletteRedForeground1 },
});

export interface BodyTextProps {
  readonly value: JsonObject;
  readonly schema: Schema;
  readonly onChange: (value: JsonObject) => void;
  readonly onReadable: (isReadable: boolean) => void;
}

const mostIssues = 20;

/** The whole body as JSON, with what the schema has against it. */
export function BodyText({ value, schema, onChange, onReadable }: BodyTextProps): ReactElement {
  const styles = useStyles();
  const [text, setText] = useState(() => JSON.stringify(value, undefined, 2));
  const [wrong, setWrong] = useState<string | undefined>();
  const own = useRef(value);
  // Somebody else has put another value in its place.
  if (own.current !== value) {
    own.current = value;
    setText(JSON.stringify(value, undefined, 2));
    setWrong(undefined);
  }
  const give = (next: string): void => {
    setText(next);
    const read = readJson(next);
    const trouble = read.wrong ?? (isObject(read.value) ? undefined : 'This must be an object: it begins with { and ends with }.');
    setWrong(trouble);
    onReadable(trouble === undefined);
    if (trouble !== undefined) return;
    own.current = read.value as JsonObject;
    onChange(own.current);
  };
  const issues = issuesOf(value, schema);
  return (
    <>
      <Field label="The body that is sent" {...told(wrong)}>
        <Textarea
          textarea={{ className: styles.text, spellCheck: false }}
          resize="vertical"
          value={text}
          onChange={(_, data) => give(data.value)}
        />
      </Field>
      {wrong === undefined && issues.length > 0 && (
        <ul className={styles.issues} aria-label="What is wrong with it">
          {issues.slice(0, mostIssues).map((issue) => (
            <li key={issueText(issue)}>{issueText(issue)}</li>
          ))}
          {issues.length > mostIssues && <li>and {issues.length - mostIssues} more</li>}
        </ul>
      )}
    </>
  );
}
