import { Combobox, Field, makeStyles, Option, tokens } from '@fluentui/react-components';
import { useDeferredValue, useState, type ReactElement } from 'react';
import { useArmList, useSearch } from '#studio/data/queries.ts';
import { useSubscription } from '#studio/data/session.ts';
import { groupOf, shortType } from '#studio/parts/resource-address.ts';

const useStyles = makeStyles({ quiet: { color: tokens.colorNeutralForeground2 }, box: { minWidth: 'min(420px, 100%)' } });

export interface ScopePickerProps {
  /** An id; `/`: everything. */
  readonly value: string;
  readonly label?: string;
  readonly onChange: (scope: string) => void;
}

/** Chooses where: everything, the subscription, a group, or any resource by name; or an id as it is typed. */
export function ScopePicker({ value, label = 'Scope', onChange }: ScopePickerProps): ReactElement {
  const styles = useStyles();
  const subscription = useSubscription();
  const [typed, setTyped] = useState<string>();
  const wanted = useDeferredValue((typed ?? '').trim());
  const groups = useArmList(`${subscription}/resourceGroups`, { watch: { types: ['Microsoft.Resources/resourceGroups'] } });
  const isText = wanted !== '' && !wanted.startsWith('/');
  const { resources } = useSearch({ text: wanted, top: 30 }, isText);
  const take = (scope: string): void => {
    setTyped(undefined);
    onChange(scope);
  };
  const found = isText ? resources : (groups.data ?? []);
  return (
    <Field label={label}>
      <Combobox
        freeform
        className={styles.box}
        value={typed ?? value}
        selectedOptions={[value]}
        onChange={({ target }) => setTyped(target.value)}
        onOptionSelect={(_, { optionValue }) => optionValue !== undefined && take(optionValue)}
        onBlur={() => (typed?.startsWith('/') === true ? take(typed.trim()) : setTyped(undefined))}
      >
        {!isText && (
          <>
            <Option value="/" text="/">
              / everything
            </Option>
            <Option value={subscription} text={subscription}>
              The subscription
            </Option>
          </>
        )}
        {found.map(({ id, name, type }) => (
          <Option key={id} value={id} text={id}>
            <span>
              {name} <span className={styles.quiet}>{[shortType(type), isText ? groupOf(id) : undefined].filter(Boolean).join(' · ')}</span>
            </span>
          </Option>
        ))}
      </Combobox>
    </Field>
  );
}
