import { Button, makeStyles, Text, tokens } from '@fluentui/react-components';
import { AddRegular, DismissRegular } from '@fluentui/react-icons';
import { useState, type ReactElement } from 'react';
import type { Json } from '#arm/resource.ts';
import { fieldKind } from './field-kind.ts';
import { useFormScene, useTrouble, type FieldProps } from './form-context.ts';
import { isList, isObject, type Schema } from './json-schema.ts';
import { itemLabel } from './member-label.ts';
import { itemStarterOf } from './starter.ts';

const shownAtOnce = 25;
const useStyles = makeStyles({
  list: { display: 'flex', flexDirection: 'column', gap: tokens.spacingVerticalS, border: 'none', padding: 0, margin: 0, minWidth: 0 },
  legend: { padding: 0, marginBottom: tokens.spacingVerticalXS },
  row: { display: 'flex', alignItems: 'start', gap: tokens.spacingHorizontalS },
  grow: { flexGrow: 1, minWidth: 0 },
  card: {
    border: `1px solid ${tokens.colorNeutralStroke2}`,
    borderRadius: tokens.borderRadiusMedium,
    padding: tokens.spacingHorizontalM,
    minWidth: 0,
  },
  remove: { marginTop: tokens.spacingVerticalXXL },
  trouble: { color: tokens.colorPaletteRedForeground1 },
  hint: { color: tokens.colorNeutralForeground3 },
});

/** Any number of the same. */
export function ListField({ schema, path, label, isRequired, value, hint, items }: FieldProps & { readonly items: Schema }): ReactElement {
  const styles = useStyles();
  const { change, root, Member } = useFormScene();
  const trouble = useTrouble(path);
  const [shown, setShown] = useState(shownAtOnce);
  const list = isList(value) ? value : [];
  const one = itemLabel(String(path.at(-1) ?? ''));
  const { kind } = fieldKind(items, root);
  const isBig = kind === 'group' || kind === 'either' || kind === 'anything';
  const isFull = schema.maxItems !== undefined && list.length >= schema.maxItems;
  return (
    <fieldset className={styles.list}>
      <legend className={styles.legend}>
        <Text>
          {label}
          {isRequired && <span aria-hidden> *</span>}
        </Text>
      </legend>
      {hint !== undefined && (
        <Text size={200} className={styles.hint}>
          {hint}
        </Text>
      )}
      {list.slice(0, shown).map((item, i) => {
        const name = `${one} ${nameIn(item) ?? i + 1}`;
        return (
          // Items have no identity of their own: what is typed belongs to the place.
          <div key={i} className={styles.row}>
            <div className={`${styles.grow} ${isBig ? styles.card : ''}`}>
              <Member schema={items} path={[...path, i]} isRequired label={isBig ? name : `${one} ${i + 1}`} />
            </div>
            <Button
              className={isBig ? '' : styles.remove}
              appearance="subtle"
              icon={<DismissRegular />}
              aria-label={`Remove ${name}`}
              title={`Remove ${name}`}
              onClick={() => change([...path, i], undefined)}
            />
          </div>
        );
      })}
      {list.length > shown && (
        <Button appearance="subtle" onClick={() => setShown(shown + 100)}>
          Show more: {list.length - shown} are not shown
        </Button>
      )}
      <div>
        <Button
          icon={<AddRegular />}
          disabled={isFull}
          onClick={() => {
            change(path, [...list, itemStarterOf(items, root)]);
            setShown(Math.max(shown, list.length + 1));
          }}
        >
          Add {one.charAt(0).toLowerCase() === one.charAt(1) ? one : lowerFirst(one)}
        </Button>
      </div>
      {trouble !== undefined && (
        <Text size={200} role="alert" className={styles.trouble}>
          {trouble}
        </Text>
      )}
    </fieldset>
  );
}

/** Abbreviations keep their capitals. */
function lowerFirst(text: string): string {
  return /^[A-Z][a-z]/.test(text) ? text.charAt(0).toLowerCase() + text.slice(1) : text;
}

function nameIn(item: Json): string | undefined {
  const name = isObject(item) ? item['name'] : undefined;
  return typeof name === 'string' && name !== '' ? name : undefined;
}
