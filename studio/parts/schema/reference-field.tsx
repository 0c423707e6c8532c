import { Combobox, Field, makeStyles, Option, tokens } from '@fluentui/react-components';
import { useDeferredValue, useState, type ReactElement } from 'react';
import { parsePlace, segmentsOf } from '#arm/resource-id.ts';
import { useSearch, type ShownResource } from '#studio/data/queries.ts';
import { groupOf, shortType } from '../resource-address.ts';
import { useFormScene, useTrouble, type FieldProps } from './form-context.ts';
import { isList, isObject } from './json-schema.ts';
import { told } from './plain-fields.tsx';

const useStyles = makeStyles({ quiet: { color: tokens.colorNeutralForeground3 } });

interface ReferenceProps extends FieldProps {
  readonly types: readonly string[] | undefined;
  /** The id is this member of the object that is filled in. */
  readonly inside: string | undefined;
}

/** One of the resources that are there: found by name, or its id as it was pasted. */
export function ReferenceField({ path, label, isRequired, hint, value, types, inside }: ReferenceProps): ReactElement {
  const { change } = useFormScene();
  const idPath = inside === undefined ? path : [...path, inside];
  const trouble = useTrouble(idPath) ?? useTroubleOf(path, inside);
  const held = inside === undefined ? value : isObject(value) ? value[inside] : undefined;
  const id = typeof held === 'string' ? held : '';
  const kinds = types === undefined ? undefined : types.map(shortType).join(', ');
  return (
    <Field label={label} required={isRequired} {...told(trouble, id !== '' ? id : (hint ?? kinds))}>
      <ReferencePicker
        id={id}
        types={types}
        onPick={(picked) => {
          if (picked === undefined && inside !== undefined) change(path, undefined);
          else change(idPath, picked);
        }}
      />
    </Field>
  );
}

/** Where the object itself is missing, that is told at its only field. */
function useTroubleOf(path: FieldProps['path'], inside: string | undefined): string | undefined {
  const trouble = useTrouble(path);
  return inside === undefined ? undefined : trouble;
}

export interface ReferencePickerProps {
  /** The chosen resource; empty: none. */
  readonly id: string;
  /** Undefined: of any type. */
  readonly types: readonly string[] | undefined;
  readonly onPick: (id: string | undefined) => void;
  /** Only what lies in here. */
  readonly scope?: string;
}

/** Picks a resource, or a part of one, by name. */
export function ReferencePicker({ id, types, onPick, scope }: ReferencePickerProps): ReactElement {
  const styles = useStyles();
  const [typed, setTyped] = useState<string | undefined>();
  const [open, setOpen] = useState(false);
  const text = useDeferredValue(typed?.trim() ?? '');
  const { choices, error } = useChoices({ types, text: text.startsWith('/') ? '' : text, scope, enabled: open });
  return (
    <Combobox
      freeform
      open={open}
      onOpenChange={(_, data) => setOpen(data.open)}
      value={typed ?? shownName(id)}
      selectedOptions={id === '' ? [] : [id]}
      placeholder="Choose one, or paste an id"
      onChange={({ target }) => {
        setTyped(target.value);
        if (target.value === '') onPick(undefined);
        if (target.value.startsWith('/')) onPick(target.value.trim());
      }}
      onBlur={() => setTyped(undefined)}
      onOptionSelect={(_, { optionValue }) => {
        setTyped(undefined);
        if (optionValue !== undefined && optionValue !== '') onPick(optionValue);
      }}
    >
      {choices.map((choice) => (
        <Option key={choice.id} value={choice.id} text={shownName(choice.id)}>
          <span>
            {shownName(choice.id)}{' '}
            <span className={styles.quiet}>{[shortType(choice.type), groupOf(choice.id)].filter(Boolean).join(' · ')}</span>
          </span>
        </Option>
      ))}
      {choices.length === 0 && (
        <Option disabled value="" text="">
          {error?.message ?? 'There is none that you may read.'}
        </Option>
      )}
    </Combobox>
  );
}

/** The name, with those that it lies in: `shop-net/default`. */
function shownName(id: string): string {
  const place = parsePlace(segmentsOf(id));
  return place?.kind === 'resource' ? place.id.names.join('/') : id;
}

interface Choice {
  readonly id: string;
  readonly type: string;
}

interface ChoiceAsk {
  readonly types: readonly string[] | undefined;
  readonly text: string;
  readonly scope: string | undefined;
  readonly enabled: boolean;
}

/** Resources of the types; where a type is of parts that live in resources (a balancer's frontends), those parts. */
function useChoices({ types, text, scope, enabled }: ChoiceAsk): { readonly choices: readonly Choice[]; readonly error: Error | null } {
  const within = scope === undefined ? {} : { scope };
  const found = useSearch({ ...(types && { types }), text, top: 50, ...within }, enabled);
  const parents = types?.filter((type) => type.split('/').length > 2).map((type) => type.slice(0, type.lastIndexOf('/'))) ?? [];
  const needsParts = enabled && parents.length > 0 && !found.isPending && found.resources.length === 0;
  const holders = useSearch({ types: parents, top: 100, ...within }, needsParts);
  const parts = needsParts ? holders.resources.flatMap((holder) => partsOf(holder, types ?? [])) : [];
  const wanted = text.toLowerCase();
  return {
    choices: [...found.resources, ...parts.filter(({ id }) => id.toLowerCase().includes(wanted))],
    error: found.error ?? holders.error,
  };
}

function partsOf({ type, properties }: ShownResource, types: readonly string[]): readonly Choice[] {
  return types.flatMap((wanted) => {
    const word = wanted.slice(wanted.lastIndexOf('/') + 1);
    const list = wanted.toLowerCase() === `${type}/${word}`.toLowerCase() ? properties[word] : undefined;
    const ids = isList(list) ? list.map((part) => (isObject(part) ? part['id'] : undefined)) : [];
    return ids.flatMap((id) => (typeof id === 'string' ? [{ id, type: wanted }] : []));
  });
}
