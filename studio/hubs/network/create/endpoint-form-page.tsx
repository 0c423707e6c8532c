import { Combobox, Field, makeStyles, Option, Textarea } from '@fluentui/react-components';
import { useState, type ReactElement } from 'react';
import { useSearch } from '#studio/data/queries.ts';
import { AppLink } from '#studio/parts/app-link.tsx';
import { CreateForm } from './create-form.tsx';
import { CreatePage } from './create-page.tsx';
import { endpointProblems, endpointSteps, firstEndpoint, targetGroups, type EndpointDraft } from './endpoint-draft.ts';
import { ChoiceField, choiceOf, PlaceFields, told, usePlaceGround, useSubnets } from './fields.tsx';
import { besideLast } from './place.ts';

const useStyles = makeStyles({ wide: { width: '100%', minWidth: 0 } });

/** A private endpoint in a virtual network. Those of managed networks are made in Manage. */
export function EndpointFormPage(): ReactElement {
  const ground = usePlaceGround();
  const subnets = useSubnets();
  const [draft, setDraft] = useState(() => besideLast(firstEndpoint));
  const [isTried, setTried] = useState(false);
  const problems = endpointProblems(draft);
  const change = (more: Partial<EndpointDraft>): void => setDraft({ ...draft, ...more });
  return (
    <CreatePage
      title="Private endpoint"
      about="An address in your network that leads to somebody's service or database, once its owner has approved it."
    >
      <AppLink to="/manage/endpoints">For a workspace or data factory: managed private endpoints in Manage</AppLink>
      <CreateForm
        text="Create private endpoint"
        problems={problems}
        steps={endpointSteps(draft, ground)}
        place={draft.place}
        ground={ground}
        onTry={() => setTried(true)}
        next={<AppLink to="/approvals">Its approval</AppLink>}
      >
        <PlaceFields place={draft.place} onChange={(place) => change({ place })} {...{ ground, problems, isTried }} example="myEndpoint" />
        <ChoiceField
          label="Subnet"
          required
          value={draft.subnet}
          choices={subnets}
          onChange={(subnet) => change({ subnet })}
          problem={problems['subnet']}
          isTried={isTried}
          none="Choose a subnet"
        />
        <TargetField draft={draft} change={change} problem={problems['target']} isTried={isTried} />
        <Field
          label="Names"
          hint="Names that mean it within its network, beside those of what it leads to. Write name,port where only that port is meant."
          {...told(problems['names'], draft.names, isTried)}
        >
          <Textarea value={draft.names} onChange={(_, { value }) => change({ names: value })} resize="vertical" />
        </Field>
        <Field
          label="Message to the owner"
          hint="Who you are and what you need it for: 140 characters at most."
          {...told(problems['message'], draft.message, isTried)}
        >
          <Textarea value={draft.message} onChange={(_, { value }) => change({ message: value })} resize="vertical" />
        </Field>
      </CreateForm>
    </CreatePage>
  );
}

interface TargetFieldProps {
  readonly draft: EndpointDraft;
  readonly change: (more: Partial<EndpointDraft>) => void;
  readonly problem: string | undefined;
  readonly isTried: boolean;
}

/** Services and servers that may be read are offered; of others an id or an alias is enough. */
function TargetField({ draft, change, problem, isTried }: TargetFieldProps): ReactElement {
  const styles = useStyles();
  const { resources } = useSearch({ types: Object.keys(targetGroups), top: 500 });
  return (
    <Field
      label="Leads to"
      required
      hint="A private link service or a database server; of one that you may not read, its id or alias."
      {...told(problem, draft.target, isTried)}
    >
      <Combobox
        className={styles.wide}
        freeform
        value={draft.target}
        selectedOptions={draft.target === '' ? [] : [draft.target]}
        placeholder="Choose, or paste an id or an alias"
        onChange={({ target }) => change({ target: target.value })}
        onOptionSelect={(_, { optionValue }) => optionValue !== undefined && change({ target: optionValue })}
      >
        {resources.map((one) => (
          <Option key={one.id} value={one.id} text={one.id}>
            {choiceOf(one).text}
          </Option>
        ))}
      </Combobox>
    </Field>
  );
}
