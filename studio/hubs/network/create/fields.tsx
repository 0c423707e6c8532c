import { Combobox, Field, Input, makeStyles, Option, Select, tokens, type InputProps } from '@fluentui/react-components';
import type { ReactElement, ReactNode } from 'react';
import { useArmList, useSearch, type ShownResource } from '#studio/data/queries.ts';
import { useSubscription } from '#studio/data/session.ts';
import { groupOf } from '#studio/parts/resource-address.ts';
import { knownGroup, type Place, type PlaceGround } from './place.ts';
import type { Problems } from './validation.ts';

const useStyles = makeStyles({
  row: {
    display: 'grid',
    gridTemplateColumns: 'repeat(auto-fit, minmax(180px, 1fr))',
    gap: tokens.spacingHorizontalM,
    alignItems: 'start',
  },
  wide: { minWidth: 0, width: '100%' },
});

/** What is wrong with a field, told once something is in it or somebody tried to send. */
export function told(problem: string | undefined, value: string, isTried: boolean): { readonly validationMessage?: string } {
  return problem === undefined || (value === '' && !isTried) ? {} : { validationMessage: problem };
}

export function Row({ children }: { readonly children: ReactNode }): ReactElement {
  return <div className={useStyles().row}>{children}</div>;
}

export interface TextFieldProps {
  readonly label: string;
  readonly value: string;
  readonly onChange: (value: string) => void;
  readonly problem?: string | undefined;
  readonly isTried?: boolean;
  readonly required?: boolean;
  readonly hint?: string;
  readonly placeholder?: string;
  readonly inputMode?: InputProps['inputMode'];
}

export function TextField({
  label,
  value,
  onChange,
  problem,
  isTried = false,
  required,
  hint,
  placeholder,
  inputMode,
}: TextFieldProps): ReactElement {
  const styles = useStyles();
  return (
    <Field label={label} required={required === true} {...(hint !== undefined && { hint })} {...told(problem, value, isTried)}>
      <Input
        className={styles.wide}
        value={value}
        onChange={(_, data) => onChange(data.value)}
        {...(placeholder !== undefined && { placeholder })}
        {...(inputMode !== undefined && { inputMode })}
      />
    </Field>
  );
}

/** Groups of the subscription, kept true. */
export function usePlaceGround(): PlaceGround {
  const subscription = useSubscription();
  const { data } = useArmList(`${subscription}/resourcegroups`, { watch: { types: ['Microsoft.Resources/resourceGroups'] } });
  return { subscription, groups: data ?? [] };
}

export interface PlaceFieldsProps {
  readonly place: Place;
  readonly onChange: (place: Place) => void;
  readonly ground: PlaceGround;
  readonly problems: Problems;
  readonly isTried: boolean;
  /** For the name: `myVNet`. */
  readonly example: string;
}

/** Resource group (a new one too), region and name. */
export function PlaceFields({ place, onChange, ground, problems, isTried, example }: PlaceFieldsProps): ReactElement {
  const styles = useStyles();
  const { groups } = ground;
  const known = knownGroup(place.group, groups);
  const take = (group: string): void => {
    const there = knownGroup(group, groups);
    onChange({ ...place, group, region: there?.location ?? place.region });
  };
  const hint = place.group === '' ? 'One that is there, or a new name.' : known === undefined ? 'It will be made.' : '';
  return (
    <Row>
      <Field label="Resource group" required hint={hint} {...told(problems['group'], place.group, isTried)}>
        <Combobox
          className={styles.wide}
          freeform
          value={place.group}
          selectedOptions={known === undefined ? [] : [known.name]}
          onChange={({ target }) => take(target.value)}
          onOptionSelect={(_, { optionValue }) => optionValue !== undefined && take(optionValue)}
        >
          {groups.map(({ id, name }) => (
            <Option key={id} value={name}>
              {name}
            </Option>
          ))}
        </Combobox>
      </Field>
      <TextField
        label="Name"
        required
        value={place.name}
        onChange={(name) => onChange({ ...place, name })}
        problem={problems['name']}
        isTried={isTried}
        placeholder={example}
      />
      <TextField
        label="Region"
        required
        value={place.region}
        onChange={(region) => onChange({ ...place, region })}
        problem={problems['region']}
        isTried={isTried}
        hint="What belongs together has the same."
        placeholder="eastus"
      />
    </Row>
  );
}

export interface Choice {
  readonly id: string;
  readonly text: string;
}

export interface ChoiceFieldProps {
  readonly label: string;
  readonly value: string;
  readonly choices: readonly Choice[];
  readonly onChange: (id: string) => void;
  readonly problem?: string | undefined;
  readonly isTried: boolean;
  readonly required?: boolean;
  readonly hint?: string;
  /** What no choice means. */
  readonly none: string;
}

export function ChoiceField({ label, value, choices, onChange, problem, isTried, required, hint, none }: ChoiceFieldProps): ReactElement {
  const styles = useStyles();
  return (
    <Field label={label} required={required === true} {...(hint !== undefined && { hint })} {...told(problem, value, isTried)}>
      <Select className={styles.wide} select={{ className: styles.wide }} value={value} onChange={(_, data) => onChange(data.value)}>
        <option value="">{choices.length === 0 ? 'There is none that you may see' : none}</option>
        {choices.map(({ id, text }) => (
          <option key={id} value={id}>
            {text}
          </option>
        ))}
      </Select>
    </Field>
  );
}

/** Subnets that may be read: `myVNet / fe-subnet (10.0.2.0/24)`. */
export function useSubnets(): readonly Choice[] {
  const { resources } = useSearch({ types: ['Microsoft.Network/virtualNetworks/subnets'], top: 1_000 });
  return byText(
    resources.map(({ id, name, properties }) => {
      const range = properties['addressPrefix'];
      return { id, text: `${id.split('/').at(-3) ?? ''} / ${name}${typeof range === 'string' ? ` (${range})` : ''}` };
    }),
  );
}

/** Parts of all load balancers that may be read: their frontends, or their backend pools. */
export function useBalancerParts(word: 'frontendIPConfigurations' | 'backendAddressPools'): readonly Choice[] {
  const { resources } = useSearch({ types: ['Microsoft.Network/loadBalancers'], top: 1_000 });
  return byText(
    resources.flatMap(({ id, name, properties }) => {
      const parts = properties[word];
      const named = Array.isArray(parts) ? (parts as readonly { readonly name?: string }[]) : [];
      return named.flatMap((one) => (one.name === undefined ? [] : [{ id: `${id}/${word}/${one.name}`, text: `${name} / ${one.name}` }]));
    }),
  );
}

export function choiceOf({ id, name }: ShownResource): Choice {
  return { id, text: `${name} (${groupOf(id) ?? ''})` };
}

function byText(choices: readonly Choice[]): readonly Choice[] {
  return choices.toSorted((a, b) => a.text.localeCompare(b.text, undefined, { numeric: true }));
}
