import { Field, Input, makeStyles, tokens } from '@fluentui/react-components';
import { useQuery } from '@tanstack/react-query';
import { useState, type ReactElement } from 'react';
import { keyOf, groupType, parsePlace, segmentsOf, subscriptionType } from '#arm/resource-id.ts';
import type { JsonObject } from '#arm/resource.ts';
import { arm } from '#studio/data/arm.ts';
import { useSubscription } from '#studio/data/session.ts';
import { useWrite } from '#studio/data/writing.ts';
import { BodyEditor } from './body-editor.tsx';
import { shortType } from './resource-address.ts';
import { itemLabel, typeWord } from './schema/member-label.ts';
import { told } from './schema/plain-fields.tsx';
import { ReferencePicker } from './schema/reference-field.tsx';
import { objectStarterOf } from './schema/starter.ts';
import { nameTrouble, type TypeSchema } from './schema/type-schema.ts';

const useStyles = makeStyles({
  place: { display: 'flex', flexDirection: 'column', gap: tokens.spacingVerticalM, maxWidth: '760px' },
});

export interface CreateResourceProps {
  readonly schema: TypeSchema;
  /** The id of what it is to lie in: a group, a parent, a scope. */
  readonly within?: string | undefined;
  /** What the form begins with, laid over what the schema needs. */
  readonly first?: JsonObject;
  readonly onWithin?: (id: string | undefined) => void;
  readonly onDone: (id: string) => void;
}

/** A new resource: where, what it is called, what it is. */
export function CreateResource({ schema, within, first, onWithin, onDone }: CreateResourceProps): ReactElement {
  const styles = useStyles();
  const subscription = useSubscription();
  const place = placeOf(schema, subscription);
  const [held, setHeld] = useState(place.fixed ?? (isOneOf(within, place.types) ? within! : ''));
  const [name, setName] = useState('');
  const [body, setBody] = useState<JsonObject>(() => ({ ...objectStarterOf(schema.body, schema.body), ...first }));
  const location = useLocationOf(schema.location === 'none' ? '' : held);
  const isLocationSet = 'location' in body;
  const shown = isLocationSet || location === undefined || schema.location !== 'required' ? body : { location, ...body };
  const save = useWrite((_, { path }) => onDone(path));
  const trouble = name === '' ? 'A name is needed.' : nameTrouble(schema, name);
  const missing = held === '' ? `${place.label} is needed.` : trouble;
  const id = missing === undefined ? idOf(schema, held, name) : undefined;
  return (
    <>
      <div className={styles.place}>
        {place.fixed === undefined && (
          <Field label={place.label} required hint={held === '' ? place.hint : held}>
            <ReferencePicker
              id={held}
              types={place.types}
              onPick={(picked) => {
                setHeld(picked ?? '');
                onWithin?.(picked);
              }}
            />
          </Field>
        )}
        <Field label="Name" required {...told(name === '' ? undefined : trouble, schema.name.says)}>
          <Input value={name} onChange={(_, { value }) => setName(value)} />
        </Field>
      </div>
      <BodyEditor
        schema={schema}
        id={id}
        idTrouble={missing}
        body={shown}
        onChange={setBody}
        verb="Create"
        onSend={() =>
          save.mutate({ title: `Create the ${typeWord(schema.type)} ${name}`, method: 'PUT', path: id!, body: shown, isNew: true })
        }
        isSending={save.isPending}
        refusal={save.error}
      />
    </>
  );
}

interface PlaceAsk {
  readonly label: string;
  readonly hint: string;
  readonly types: readonly string[] | undefined;
  /** Where all of the type lie: nothing is asked. */
  readonly fixed?: string;
}

/** In what resources of a type lie. */
function placeOf({ type, parent, scopes }: TypeSchema, subscription: string): PlaceAsk {
  if (type === groupType) return { label: 'Subscription', hint: '', types: [subscriptionType], fixed: subscription };
  if (parent !== undefined)
    return { label: itemLabel(parent.slice(parent.lastIndexOf('/') + 1)), hint: shortType(parent), types: [parent] };
  if (scopes.length === 1 && scopes[0] === 'group') return { label: 'Resource group', hint: 'What it lies in', types: [groupType] };
  if (scopes.length === 1 && scopes[0] === 'tenant') return { label: 'Tenant', hint: '', types: [], fixed: '/' };
  if (scopes.length === 1 && scopes[0] === 'subscription')
    return { label: 'Subscription', hint: '', types: [subscriptionType], fixed: subscription };
  return {
    label: 'Scope',
    hint: 'The id of what it is about',
    types: scopes.includes('resource') ? undefined : [groupType, subscriptionType],
  };
}

/** What is asked for may come from a page about something that this cannot lie in. */
function isOneOf(id: string | undefined, types: readonly string[] | undefined): boolean {
  const place = id === undefined ? undefined : parsePlace(segmentsOf(id));
  return place?.kind === 'resource' && (types === undefined || types.some((type) => keyOf(type) === keyOf(place.id.type)));
}

function idOf({ type, parent }: TypeSchema, held: string, name: string): string {
  const within = held === '/' ? '' : held;
  const called = encodeURIComponent(name);
  if (type === groupType) return `${within}/resourceGroups/${called}`;
  return parent === undefined ? `${within}/providers/${type}/${called}` : `${within}/${type.slice(type.lastIndexOf('/') + 1)}/${called}`;
}

/** Of what it is to lie in: it is proposed. */
function useLocationOf(id: string): string | undefined {
  const found = useQuery({
    queryKey: ['location-of', id],
    enabled: id.startsWith('/subscriptions/'),
    queryFn: async () => {
      const shown = await arm.find(id).catch(() => undefined);
      return typeof shown?.['location'] === 'string' ? shown['location'] : null;
    },
  });
  return found.data ?? undefined;
}
