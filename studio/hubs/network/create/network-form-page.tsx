import { Button, Checkbox, makeStyles, tokens } from '@fluentui/react-components';
import { AddRegular, DeleteRegular } from '@fluentui/react-icons';
import { useState, type ReactElement } from 'react';
import { AppLink } from '#studio/parts/app-link.tsx';
import { Section } from '#studio/parts/section.tsx';
import { CreateForm } from './create-form.tsx';
import { CreatePage } from './create-page.tsx';
import { PlaceFields, TextField, usePlaceGround } from './fields.tsx';
import { firstNetwork, networkProblems, networkSteps, nextRange, type NetworkDraft, type SubnetDraft } from './network-draft.ts';
import { besideLast } from './place.ts';
import type { Problems } from './validation.ts';

const useStyles = makeStyles({
  subnet: {
    display: 'grid',
    gridTemplateColumns: 'minmax(140px, 1fr) minmax(140px, 1fr) minmax(190px, auto) auto',
    gap: tokens.spacingHorizontalM,
    alignItems: 'start',
    '@media (max-width: 900px)': { gridTemplateColumns: 'minmax(0, 1fr)' },
  },
  beside: { marginTop: '26px', '@media (max-width: 900px)': { marginTop: 0 } },
});

/** A virtual network and its subnets. */
export function NetworkFormPage(): ReactElement {
  const ground = usePlaceGround();
  const [draft, setDraft] = useState(() => besideLast(firstNetwork));
  const [isTried, setTried] = useState(false);
  const problems = networkProblems(draft);
  const change = (more: Partial<NetworkDraft>): void => setDraft({ ...draft, ...more });
  return (
    <CreatePage
      title="Virtual network"
      about="Addresses with an owner. What stands in it is reached from it, and from elsewhere only by private endpoints."
    >
      <CreateForm
        text="Create network"
        problems={problems}
        steps={networkSteps(draft, ground)}
        place={draft.place}
        ground={ground}
        onTry={() => setTried(true)}
        next={<AppLink to="/network/create/balancer">Next: load balancer</AppLink>}
      >
        <PlaceFields place={draft.place} onChange={(place) => change({ place })} {...{ ground, problems, isTried }} example="myVNet" />
        <TextField
          label="Address space"
          required
          value={draft.spaces}
          onChange={(spaces) => change({ spaces })}
          problem={problems['spaces']}
          isTried={isTried}
          hint="One range or several, parted by commas. Networks may overlap: an address means something only within its network."
        />
        <SubnetFields draft={draft} change={change} problems={problems} isTried={isTried} />
      </CreateForm>
    </CreatePage>
  );
}

interface SubnetFieldsProps {
  readonly draft: NetworkDraft;
  readonly change: (more: Partial<NetworkDraft>) => void;
  readonly problems: Problems;
  readonly isTried: boolean;
}

function SubnetFields({ draft, change, problems, isTried }: SubnetFieldsProps): ReactElement {
  const styles = useStyles();
  const changeSubnet = (key: number, more: Partial<SubnetDraft>): void =>
    change({ subnets: draft.subnets.map((one) => (one.key === key ? { ...one, ...more } : one)) });
  const add = (): void => {
    const key = Math.max(0, ...draft.subnets.map((one) => one.key)) + 1;
    change({ subnets: [...draft.subnets, { key, name: '', range: nextRange(draft) ?? '', forServices: false }] });
  };
  return (
    <Section
      title="Subnets"
      actions={
        <Button icon={<AddRegular />} onClick={add}>
          Add subnet
        </Button>
      }
    >
      {draft.subnets.map((one) => (
        <div key={one.key} className={styles.subnet} role="group" aria-label={`Subnet ${one.name}`}>
          <TextField
            label="Subnet name"
            required
            value={one.name}
            onChange={(name) => changeSubnet(one.key, { name })}
            problem={problems[`name ${one.key}`]}
            isTried={isTried}
          />
          <TextField
            label="Range"
            required
            value={one.range}
            onChange={(range) => changeSubnet(one.key, { range })}
            problem={problems[`range ${one.key}`]}
            isTried={isTried}
          />
          <Checkbox
            className={styles.beside}
            label="For private link services"
            checked={one.forServices}
            onChange={(_, { checked }) => changeSubnet(one.key, { forServices: checked === true })}
          />
          <Button
            className={styles.beside}
            appearance="subtle"
            icon={<DeleteRegular />}
            aria-label={`Remove the subnet ${one.name}`}
            onClick={() => change({ subnets: draft.subnets.filter(({ key }) => key !== one.key) })}
          />
        </div>
      ))}
    </Section>
  );
}
