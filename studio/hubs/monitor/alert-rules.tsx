import { Button, Link } from '@fluentui/react-components';
import { AddRegular } from '@fluentui/react-icons';
import { useMemo, type ReactElement } from 'react';
import { useSearch, type ShownResource } from '#studio/data/queries.ts';
import { FaultPanel } from '#studio/parts/fault-panel.tsx';
import { Grid, type Column } from '#studio/parts/grid.tsx';
import { JsonPane } from '#studio/parts/json-pane.tsx';
import { Section } from '#studio/parts/section.tsx';
import { StatusBadge } from '#studio/parts/status-badge.tsx';
import { emptyRule, ruleDraftOf, ruleFromAddress, ruleSentence, ruleType, type RuleProperties } from './alert-rule.ts';
import type { AlertTabProps } from './alert-tab.ts';
import { useRuleStanding } from './alerts.ts';
import { DeleteRule, RuleForm } from './rule-form.tsx';

/** What is watched, how it stands, and the forms that make and change it. */
export function AlertRules({ address, opened, onOpen }: AlertTabProps): ReactElement {
  const { resources, isPending, error, hasMore, more } = useSearch({ types: [ruleType], top: 200 });
  const columns = useMemo(() => ruleColumns(onOpen), [onOpen]);
  const rule = resources.find(({ id }) => id === opened);
  const close = (): void => onOpen(undefined);
  return (
    <>
      {error !== null && <FaultPanel error={error} />}
      <div>
        <Button appearance="primary" icon={<AddRegular />} onClick={() => onOpen('new')}>
          New alert rule
        </Button>
      </div>
      <Grid
        label="Alert rules"
        columns={columns}
        rows={resources}
        idOf={({ id }) => id}
        isPending={isPending}
        more={hasMore ? more : undefined}
        height="min(40vh, 400px)"
        empty="Nothing is watched yet."
        onOpen={({ id }) => onOpen(id)}
      />
      {opened === 'new' && <RuleForm first={{ ...emptyRule, ...ruleFromAddress(address) }} saved={undefined} onClose={close} />}
      {rule !== undefined && <EditRule key={rule.id} rule={rule} onClose={close} />}
    </>
  );
}

function propertiesOf({ properties }: ShownResource): RuleProperties {
  return properties as unknown as RuleProperties;
}

function EditRule({ rule, onClose }: { readonly rule: ShownResource; readonly onClose: () => void }): ReactElement {
  const draft = ruleDraftOf(rule.name, propertiesOf(rule));
  if (draft !== undefined) return <RuleForm first={draft} saved={rule} onClose={onClose} />;
  return (
    <Section
      title={rule.name}
      about="It has several conditions or looks at several resources: change its JSON by a client."
      actions={
        <>
          <DeleteRule rule={rule} onDone={onClose} />
          <Button onClick={onClose}>Close</Button>
        </>
      }
    >
      <JsonPane value={rule} path={rule.id} open />
    </Section>
  );
}

function ruleColumns(onOpen: (id: string) => void): readonly Column<ShownResource>[] {
  return [
    {
      key: 'name',
      title: 'Rule',
      cell: ({ id, name }) => (
        <Link as="button" onClick={() => onOpen(id)}>
          {name}
        </Link>
      ),
      sortBy: ({ name }) => name,
      width: 'minmax(120px, 1fr)',
    },
    { key: 'standing', title: 'Now', cell: (rule) => <Standing rule={rule} />, width: '120px' },
    {
      key: 'severity',
      title: 'Severity',
      cell: (rule) => `Sev${propertiesOf(rule).severity}`,
      sortBy: (rule) => propertiesOf(rule).severity,
      width: '80px',
    },
    {
      key: 'condition',
      title: 'Fires when',
      cell: (rule) => {
        const text = ruleSentence(propertiesOf(rule), (metric) => metric);
        return <span title={text}>{text}</span>;
      },
      width: 'minmax(220px, 2.4fr)',
    },
    {
      key: 'target',
      title: 'About',
      cell: (rule) => {
        const { scopes } = propertiesOf(rule);
        return <span title={scopes.join('\n')}>{scopes.map((scope) => scope.split('/').at(-1)).join(', ')}</span>;
      },
      width: 'minmax(90px, 1fr)',
    },
    {
      key: 'groups',
      title: 'Tells',
      cell: (rule) =>
        propertiesOf(rule)
          .actions.map(({ actionGroupId }) => actionGroupId.split('/').at(-1))
          .join(', ') || 'nobody',
      width: 'minmax(80px, 0.8fr)',
    },
  ];
}

function Standing({ rule }: { readonly rule: ShownResource }): ReactElement {
  const standing = useRuleStanding(rule.id);
  if (!propertiesOf(rule).enabled) return <>off</>;
  return standing === undefined ? <>not looked yet</> : <StatusBadge state={standing} />;
}
