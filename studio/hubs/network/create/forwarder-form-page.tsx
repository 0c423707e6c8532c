import { Button, makeStyles, Text, tokens } from '@fluentui/react-components';
import { AddRegular, DeleteRegular } from '@fluentui/react-icons';
import { useState, type ReactElement } from 'react';
import { AppLink } from '#studio/parts/app-link.tsx';
import { Section } from '#studio/parts/section.tsx';
import { CreateForm } from './create-form.tsx';
import { CreatePage } from './create-page.tsx';
import { ChoiceField, PlaceFields, Row, TextField, useBalancerParts, usePlaceGround, useSubnets } from './fields.tsx';
import {
  firstForward,
  firstForwarder,
  forwardCommand,
  forwarderProblems,
  forwarderSteps,
  type ForwardDraft,
  type ForwarderDraft,
} from './forwarder-draft.ts';
import { besideLast } from './place.ts';
import type { Problems } from './validation.ts';

const useStyles = makeStyles({
  rule: {
    display: 'grid',
    gridTemplateColumns: '100px minmax(160px, 1fr) 120px auto',
    gap: tokens.spacingHorizontalM,
    alignItems: 'start',
    '@media (max-width: 900px)': { gridTemplateColumns: 'minmax(0, 1fr)' },
  },
  beside: { marginTop: '26px', '@media (max-width: 900px)': { marginTop: 0 } },
  command: { fontFamily: tokens.fontFamilyMonospace, fontSize: tokens.fontSizeBase200, overflowWrap: 'anywhere', gridColumn: '1 / -1' },
});

/** A host that passes ports on to databases: interface, machine, and the commands on it. */
export function ForwarderFormPage(): ReactElement {
  const ground = usePlaceGround();
  const subnets = useSubnets();
  const pools = useBalancerParts('backendAddressPools');
  const [draft, setDraft] = useState(() => besideLast(firstForwarder));
  const [isTried, setTried] = useState(false);
  const problems = forwarderProblems(draft);
  const change = (more: Partial<ForwarderDraft>): void => setDraft({ ...draft, ...more });
  return (
    <CreatePage
      title="Forwarder"
      about="A host behind the load balancer that passes each port on to one database, by its name. It is nothing but that: no general machine."
    >
      <CreateForm
        text="Create forwarder"
        problems={problems}
        steps={forwarderSteps(draft, ground)}
        place={draft.place}
        ground={ground}
        onTry={() => setTried(true)}
        next={<AppLink to="/network/create/endpoint">Next: private endpoint</AppLink>}
      >
        <PlaceFields place={draft.place} onChange={(place) => change({ place })} {...{ ground, problems, isTried }} example="myVM1" />
        <Row>
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
          <ChoiceField
            label="Backend pool"
            value={draft.pool}
            choices={pools}
            onChange={(pool) => change({ pool })}
            isTried={isTried}
            none="Behind no load balancer"
          />
        </Row>
        <ForwardFields draft={draft} change={change} problems={problems} isTried={isTried} />
      </CreateForm>
    </CreatePage>
  );
}

interface ForwardFieldsProps {
  readonly draft: ForwarderDraft;
  readonly change: (more: Partial<ForwarderDraft>) => void;
  readonly problems: Problems;
  readonly isTried: boolean;
}

function ForwardFields({ draft, change, problems, isTried }: ForwardFieldsProps): ReactElement {
  const styles = useStyles();
  const changeForward = (key: number, more: Partial<ForwardDraft>): void =>
    change({ forwards: draft.forwards.map((one) => (one.key === key ? { ...one, ...more } : one)) });
  const add = (): void => {
    const key = Math.max(0, ...draft.forwards.map((one) => one.key)) + 1;
    change({ forwards: [...draft.forwards, { ...firstForward, key, port: String(1432 + key) }] });
  };
  return (
    <Section
      title="Forwarding rules"
      about="The databases' own names: they are looked up anew as they change, and the rules stay over restarts."
      actions={
        <Button icon={<AddRegular />} onClick={add}>
          Add rule
        </Button>
      }
    >
      {draft.forwards.map((one) => (
        <div key={one.key} className={styles.rule} role="group" aria-label={`Forwarding rule ${one.port}`}>
          <TextField
            label="Port"
            required
            value={one.port}
            onChange={(port) => changeForward(one.key, { port })}
            problem={problems[`port ${one.key}`]}
            isTried={isTried}
            inputMode="numeric"
          />
          <TextField
            label="Database host"
            required
            value={one.host}
            onChange={(host) => changeForward(one.key, { host })}
            problem={problems[`host ${one.key}`]}
            isTried={isTried}
            placeholder="mi1.abc.database.windows.net"
          />
          <TextField
            label="Database port"
            required
            value={one.toPort}
            onChange={(toPort) => changeForward(one.key, { toPort })}
            problem={problems[`toPort ${one.key}`]}
            isTried={isTried}
            inputMode="numeric"
          />
          <Button
            className={styles.beside}
            appearance="subtle"
            icon={<DeleteRegular />}
            aria-label={`Remove the rule of port ${one.port}`}
            onClick={() => change({ forwards: draft.forwards.filter(({ key }) => key !== one.key) })}
          />
          {one.host !== '' && <Text className={styles.command}>{forwardCommand(one)}</Text>}
        </div>
      ))}
    </Section>
  );
}
