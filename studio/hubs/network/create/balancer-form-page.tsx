import { Button, Checkbox, Field, makeStyles, Select, tokens } from '@fluentui/react-components';
import { AddRegular, DeleteRegular } from '@fluentui/react-icons';
import { useState, type ReactElement } from 'react';
import { AppLink } from '#studio/parts/app-link.tsx';
import { Section } from '#studio/parts/section.tsx';
import { balancerProblems, balancerSteps, firstBalancer, firstRule, type BalancerDraft, type RuleDraft } from './balancer-draft.ts';
import { CreateForm } from './create-form.tsx';
import { CreatePage } from './create-page.tsx';
import { ChoiceField, PlaceFields, Row, TextField, usePlaceGround, useSubnets } from './fields.tsx';
import { besideLast } from './place.ts';
import type { Problems } from './validation.ts';

const useStyles = makeStyles({
  rule: {
    display: 'grid',
    gridTemplateColumns: 'minmax(120px, 1.2fr) 90px 120px 154px auto auto',
    gap: tokens.spacingHorizontalM,
    alignItems: 'start',
    '@media (max-width: 900px)': { gridTemplateColumns: 'minmax(0, 1fr) minmax(0, 1fr)' },
  },
  beside: { marginTop: '26px', whiteSpace: 'nowrap', '@media (max-width: 900px)': { marginTop: 0 } },
});

/** A standard internal load balancer with frontend, backend pool, probe and rules. */
export function BalancerFormPage(): ReactElement {
  const ground = usePlaceGround();
  const [draft, setDraft] = useState(() => besideLast(firstBalancer));
  const [isTried, setTried] = useState(false);
  const problems = balancerProblems(draft);
  const change = (more: Partial<BalancerDraft>): void => setDraft({ ...draft, ...more });
  const parts = { draft, change, problems, isTried };
  return (
    <CreatePage
      title="Load balancer"
      about="A standard internal one: it spreads the connections that come to its frontend over the forwarders that answer its probe."
    >
      <CreateForm
        text="Create load balancer"
        problems={problems}
        steps={balancerSteps(draft, ground)}
        place={draft.place}
        ground={ground}
        onTry={() => setTried(true)}
        next={<AppLink to="/network/create/service">Next: private link service</AppLink>}
      >
        <PlaceFields
          place={draft.place}
          onChange={(place) => change({ place })}
          {...{ ground, problems, isTried }}
          example="myLoadBalancer"
        />
        <FrontendFields {...parts} />
        <PoolFields {...parts} />
        <RuleFields {...parts} />
      </CreateForm>
    </CreatePage>
  );
}

interface PartProps {
  readonly draft: BalancerDraft;
  readonly change: (more: Partial<BalancerDraft>) => void;
  readonly problems: Problems;
  readonly isTried: boolean;
}

function FrontendFields({ draft, change, problems, isTried }: PartProps): ReactElement {
  const subnets = useSubnets();
  return (
    <Section title="Frontend IP configuration">
      <Row>
        <TextField
          label="Frontend name"
          required
          value={draft.frontend}
          onChange={(frontend) => change({ frontend })}
          problem={problems['frontend']}
          isTried={isTried}
        />
        <ChoiceField
          label="Subnet of the frontend"
          required
          value={draft.subnet}
          choices={subnets}
          onChange={(subnet) => change({ subnet })}
          problem={problems['subnet']}
          isTried={isTried}
          none="Choose a subnet"
        />
        <TextField
          label="Address"
          value={draft.address}
          onChange={(address) => change({ address })}
          problem={problems['address']}
          isTried={isTried}
          placeholder="Dynamic"
          hint="Empty: any that is free."
        />
      </Row>
      <Checkbox
        label="Zone-redundant"
        checked={draft.isZoneRedundant}
        onChange={(_, { checked }) => change({ isZoneRedundant: checked === true })}
      />
    </Section>
  );
}

function PoolFields({ draft, change, problems, isTried }: PartProps): ReactElement {
  return (
    <Section title="Backend pool and health probe">
      <Row>
        <TextField
          label="Backend pool name"
          required
          value={draft.pool}
          onChange={(pool) => change({ pool })}
          problem={problems['pool']}
          isTried={isTried}
        />
        <TextField
          label="Probe name"
          required
          value={draft.probe}
          onChange={(probe) => change({ probe })}
          problem={problems['probe']}
          isTried={isTried}
        />
        <Field label="Probe protocol">
          <Select value={draft.protocol} onChange={(_, { value }) => change({ protocol: value as BalancerDraft['protocol'] })}>
            <option value="Tcp">TCP</option>
            <option value="Http">HTTP</option>
            <option value="Https">HTTPS</option>
          </Select>
        </Field>
        <TextField
          label="Probe port"
          required
          value={draft.probePort}
          onChange={(probePort) => change({ probePort })}
          problem={problems['probePort']}
          isTried={isTried}
          inputMode="numeric"
        />
        {draft.protocol !== 'Tcp' && (
          <TextField
            label="Request path"
            required
            value={draft.requestPath}
            onChange={(requestPath) => change({ requestPath })}
            problem={problems['requestPath']}
            isTried={isTried}
          />
        )}
        <TextField
          label="Interval (seconds)"
          required
          value={draft.intervalSeconds}
          onChange={(intervalSeconds) => change({ intervalSeconds })}
          problem={problems['intervalSeconds']}
          isTried={isTried}
          inputMode="numeric"
        />
        <TextField
          label="Unhealthy threshold"
          required
          value={draft.threshold}
          onChange={(threshold) => change({ threshold })}
          problem={problems['threshold']}
          isTried={isTried}
          inputMode="numeric"
        />
      </Row>
    </Section>
  );
}

function RuleFields({ draft, change, problems, isTried }: PartProps): ReactElement {
  const styles = useStyles();
  const { rules } = draft;
  const changeRule = (key: number, more: Partial<RuleDraft>): void =>
    change({ rules: rules.map((one) => (one.key === key ? { ...one, ...more } : one)) });
  const add = (): void => {
    const key = Math.max(0, ...rules.map((one) => one.key)) + 1;
    change({ rules: [...rules, { ...firstRule, key, name: `myRule${key}`, port: String(1432 + key), backendPort: String(1432 + key) }] });
  };
  return (
    <Section
      title="Load balancing rules"
      about={problems['rules'] ?? 'One for each database: each takes another port, and forwarders know them apart by it.'}
      actions={
        <Button icon={<AddRegular />} onClick={add}>
          Add rule
        </Button>
      }
    >
      {rules.map((one) => {
        const field = (label: string, member: 'name' | 'port' | 'backendPort' | 'idleMinutes') => (
          <TextField
            label={label}
            required
            value={one[member]}
            onChange={(value) => changeRule(one.key, { [member]: value })}
            problem={problems[`${member} ${one.key}`]}
            isTried={isTried}
            {...(member !== 'name' && { inputMode: 'numeric' as const })}
          />
        );
        return (
          <div key={one.key} className={styles.rule} role="group" aria-label={`Rule ${one.name}`}>
            {field('Rule name', 'name')}
            {field('Port', 'port')}
            {field('Backend port', 'backendPort')}
            {field('Idle timeout (min)', 'idleMinutes')}
            <Checkbox
              className={styles.beside}
              label="TCP reset"
              checked={one.tcpReset}
              onChange={(_, { checked }) => changeRule(one.key, { tcpReset: checked === true })}
            />
            <Button
              className={styles.beside}
              appearance="subtle"
              icon={<DeleteRegular />}
              aria-label={`Remove the rule ${one.name}`}
              onClick={() => change({ rules: rules.filter(({ key }) => key !== one.key) })}
            />
          </div>
        );
      })}
    </Section>
  );
}
