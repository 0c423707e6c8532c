import { Combobox, makeStyles, Option, Text, tokens } from '@fluentui/react-components';
import { useNavigate } from '@tanstack/react-router';
import { useDeferredValue, useEffect, useRef, useState, type ReactElement } from 'react';
import { useSearch } from '#studio/data/queries.ts';
import { groupOf, resourceAddress, shortType } from '#studio/parts/resource-address.ts';

const useStyles = makeStyles({
  box: { width: 'min(560px, 100%)', minWidth: '120px' },
  quiet: { color: tokens.colorNeutralForeground3 },
});

/** Finds any resource by name, type or tag. Ctrl+K or / leads here. */
export function SearchBox(): ReactElement {
  const styles = useStyles();
  const navigate = useNavigate();
  const input = useRef<HTMLInputElement>(null);
  const [text, setText] = useState('');
  const wanted = useDeferredValue(text.trim());
  const { resources, count, error } = useSearch({ text: wanted, top: 20 }, wanted !== '');
  useShortcut(() => input.current?.focus());
  const shown = wanted === '' ? [] : resources;
  return (
    <Combobox
      input={{ ref: input }}
      className={styles.box}
      aria-label="Search resources"
      placeholder="Search resources (Ctrl+K)"
      freeform
      selectedOptions={[]}
      value={text}
      onChange={({ target }) => setText(target.value)}
      onOptionSelect={(_, { optionValue }) => {
        setText('');
        if (optionValue === undefined) return;
        void navigate({
          to: optionValue === everything ? '/resources' : resourceAddress(optionValue),
          search: optionValue === everything ? { text: wanted } : {},
        });
      }}
    >
      {shown.map(({ id, name, type }) => (
        <Option key={id} value={id} text={name}>
          <span>
            {name} <span className={styles.quiet}>{[shortType(type), groupOf(id)].filter(Boolean).join(' · ')}</span>
          </span>
        </Option>
      ))}
      {count !== undefined && count > shown.length && shown.length > 0 && (
        <Option value={everything} text={wanted}>{`All ${count} that match …`}</Option>
      )}
      {wanted !== '' && shown.length === 0 && (
        <Option disabled value="" text="">
          <Text>{error === null ? 'Nothing that you may read matches.' : error.message}</Text>
        </Option>
      )}
    </Combobox>
  );
}

const everything = '*';

function useShortcut(go: () => void): void {
  const latest = useRef(go);
  useEffect(() => {
    latest.current = go;
  }, [go]);
  useEffect(() => {
    const listen = (event: KeyboardEvent): void => {
      const isWriting = event.target instanceof HTMLElement && event.target.closest('input, textarea, [contenteditable]') !== null;
      if (!((event.key === 'k' && (event.ctrlKey || event.metaKey)) || (event.key === '/' && !isWriting))) return;
      event.preventDefault();
      latest.current();
    };
    window.addEventListener('keydown', listen);
    return () => window.removeEventListener('keydown', listen);
  }, []);
}
