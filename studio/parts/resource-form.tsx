import { makeStyles, Tab, TabList, tokens } from '@fluentui/react-components';
import { useCallback, useMemo, useRef, useState, type ReactElement } from 'react';
import type { Fault } from '#base/fault.ts';
import type { Json, JsonObject } from '#arm/resource.ts';
import { BodyText } from './schema/body-text.tsx';
import { FormContext, type FormScene } from './schema/form-context.ts';
import { pathText, withValueAt, type FormPath } from './schema/form-path.ts';
import { Members } from './schema/group-field.tsx';
import { MemberField } from './schema/member-field.tsx';
import type { Schema } from './schema/json-schema.ts';
import { refusedAt } from './schema/refused-at.ts';
import { issuesOf, type Issue } from './schema/validate.ts';

const useStyles = makeStyles({
  form: { display: 'flex', flexDirection: 'column', gap: tokens.spacingVerticalL, maxWidth: '760px', minWidth: 0 },
  fields: { display: 'flex', flexDirection: 'column', gap: tokens.spacingVerticalM, minWidth: 0 },
});

export interface ResourceFormProps {
  /** Of the whole body: `TypeSchema.body`, or the input of an action. */
  readonly schema: Schema;
  readonly value: JsonObject;
  /** What no field is for stays in it as it was. */
  readonly onChange: (value: JsonObject) => void;
  /** Whether everything that is typed can be read: JSON may not be yet. */
  readonly onReadable?: (isReadable: boolean) => void;
  /** Whether what is missing is told too: after somebody tried to send it. */
  readonly showMissing?: boolean;
  /** There is one already: its secrets stay where nothing is filled in. */
  readonly keepsSecrets?: boolean;
  /** Paths of members that are not shown as fields: `properties.linkTables`. */
  readonly hidden?: readonly string[];
  /** The server's, told at the fields that it is about too. */
  readonly refusal?: Fault | null | undefined;
}

/** A form from a schema, and the same as JSON: what is changed in one is changed in the other. */
export function ResourceForm(props: ResourceFormProps): ReactElement {
  const { schema, value, onChange, onReadable } = props;
  const styles = useStyles();
  const [tab, setTab] = useState<'form' | 'json'>('form');
  const [isJsonReadable, setJsonReadable] = useState(true);
  const scene = useScene(props);
  const readable = (isReadable: boolean): void => {
    setJsonReadable(isReadable);
    onReadable?.(isReadable);
  };
  return (
    <div className={styles.form}>
      <TabList
        size="small"
        selectedValue={tab}
        onTabSelect={(_, data) => setTab(data.value as 'form' | 'json')}
        aria-label="How it is filled in"
      >
        <Tab value="form" disabled={!isJsonReadable} title={isJsonReadable ? '' : 'First make the JSON readable.'}>
          Form
        </Tab>
        <Tab value="json">Edit as JSON</Tab>
      </TabList>
      {tab === 'json' ? (
        <BodyText value={value} schema={schema} onChange={onChange} onReadable={readable} />
      ) : (
        <FormContext value={scene}>
          <div className={styles.fields}>
            <Members schema={schema} path={[]} />
          </div>
        </FormContext>
      )}
    </div>
  );
}

function useScene(props: ResourceFormProps): FormScene {
  const { schema, value, onChange, onReadable, showMissing = false, keepsSecrets = false, hidden, refusal } = props;
  const latest = useRef({ value, onChange, onReadable });
  latest.current = { value, onChange, onReadable };
  const [unread] = useState(() => new Set<string>());
  const change = useCallback((path: FormPath, next: Json | undefined): void => {
    // Two changes may come before the first was drawn.
    const after = withValueAt(latest.current.value, path, next);
    latest.current = { ...latest.current, value: after };
    latest.current.onChange(after);
  }, []);
  const unreadable = useCallback(
    (path: FormPath, isUnreadable: boolean): void => {
      if (isUnreadable) unread.add(pathText(path));
      else unread.delete(pathText(path));
      latest.current.onReadable?.(unread.size === 0);
    },
    [unread],
  );
  const issues = useMemo(() => byPlace([...refusedAt(refusal), ...issuesOf(value, schema)]), [value, schema, refusal]);
  const hiddenPaths = useMemo(() => new Set(hidden), [hidden]);
  return { root: schema, body: value, Member: MemberField, change, issues, showMissing, keepsSecrets, unreadable, hidden: hiddenPaths };
}

function byPlace(issues: readonly Issue[]): ReadonlyMap<string, readonly Issue[]> {
  return Map.groupBy(issues, ({ path }) => pathText(path));
}
