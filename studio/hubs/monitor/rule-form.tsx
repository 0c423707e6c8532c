import { Button, Checkbox, Field, Input, makeStyles, Select, Text, tokens } from '@fluentui/react-components';
import { useState, type ReactElement } from 'react';
import { linkType } from '#studio/data/link-shapes.ts';
import { useSearch, type ShownResource } from '#studio/data/queries.ts';
import { useWorkspace } from '#studio/data/workspace.ts';
import { useWrite, write } from '#studio/data/writing.ts';
import { CommandPane } from '#studio/parts/command-pane.tsx';
import { ConfirmButton } from '#studio/parts/confirm-button.tsx';
import { FaultPanel } from '#studio/parts/fault-panel.tsx';
import { JsonPane } from '#studio/parts/json-pane.tsx';
import { shortType } from '#studio/parts/resource-address.ts';
import { Section } from '#studio/parts/section.tsx';
import {
  groupIdOf,
  groupType,
  operators,
  ruleBody,
  ruleProblems,
  ruleType,
  severities,
  spans,
  spanText,
  type Operator,
  type RuleAggregation,
  type RuleDraft,
  type RuleProblems,
} from './alert-rule.ts';
import { useMetricChoices } from './alerts.ts';

const useStyles = makeStyles({
  form: { display: 'flex', flexDirection: 'column', gap: tokens.spacingVerticalM, maxWidth: '760px' },
  line: { display: 'flex', flexWrap: 'wrap', alignItems: 'start', gap: tokens.spacingHorizontalM },
  wide: { flexGrow: 1, minWidth: '260px' },
  // Ids are long, and a field is as wide as its longest choice otherwise.
  narrow: { gridTemplateColumns: 'minmax(0, 1fr)' },
  quiet: { color: tokens.colorNeutralForeground2 },
});

/** What is measured: anything of these. */
const targetTypes = [
  linkType,
  'Microsoft.Synapse/workspaces',
  '*/managedPrivateEndpoints',
  'Microsoft.Network/privateEndpoints',
  'Microsoft.Network/privateLinkServices',
  '*/privateEndpointConnections',
];

export interface RuleFormProps {
  readonly first: RuleDraft;
  /** Undefined: it is made. */
  readonly saved: ShownResource | undefined;
  readonly onClose: () => void;
}

interface FieldsProps {
  readonly draft: RuleDraft;
  readonly problems: RuleProblems;
  readonly change: (change: Partial<RuleDraft>) => void;
}

/** Makes or changes a rule: what is looked at, when it fires, who is told. */
export function RuleForm({ first, saved, onClose }: RuleFormProps): ReactElement {
  const styles = useStyles();
  const { current } = useWorkspace();
  const [draft, setDraft] = useState(first);
  const [isTried, setTried] = useState(false);
  const writing = useWrite(onClose);
  const problems = ruleProblems(draft);
  const isReady = Object.keys(problems).length === 0;
  const path = saved?.id ?? `${groupIdOf(current?.id)}/providers/${ruleType}/${encodeURIComponent(draft.name)}`;
  const body = ruleBody(draft);
  const change = (more: Partial<RuleDraft>): void => setDraft((before) => ({ ...before, ...more }));
  const fields = { draft, problems: isTried ? problems : {}, change };
  const save = (): void => {
    setTried(true);
    if (!isReady) return;
    const title = `${saved === undefined ? 'Create' : 'Save'} the alert rule ${draft.name}`;
    writing.mutate({ title, method: 'PUT', path, body });
  };
  return (
    <Section
      title={saved === undefined ? 'New alert rule' : saved.name}
      {...(saved !== undefined && { actions: <DeleteRule rule={saved} onDone={onClose} /> })}
    >
      <div className={styles.form}>
        <div className={styles.line}>
          <Field label="Rule name" required className={styles.wide} {...said(fields.problems.name)}>
            <Input value={draft.name} disabled={saved !== undefined} maxLength={260} onChange={(_, { value }) => change({ name: value })} />
          </Field>
          <Field label="Severity">
            <Select value={String(draft.severity)} onChange={(_, { value }) => change({ severity: Number(value) })}>
              {severities.map((text, i) => (
                <option key={text} value={i}>
                  {text}
                </option>
              ))}
            </Select>
          </Field>
        </div>
        <TargetField {...fields} />
        <ConditionFields {...fields} />
        <GroupsField {...fields} />
        <Field label="Description">
          <Input value={draft.description} maxLength={1_000} onChange={(_, { value }) => change({ description: value })} />
        </Field>
        <Checkbox label="Watch it" checked={draft.enabled} onChange={(_, { checked }) => change({ enabled: checked === true })} />
        {writing.error !== null && <FaultPanel error={writing.error} />}
        <div className={styles.line}>
          <Button appearance="primary" disabled={writing.isPending || current === undefined} onClick={save}>
            {saved === undefined ? 'Create rule' : 'Save rule'}
          </Button>
          <Button onClick={onClose}>Close</Button>
        </div>
      </div>
      {isReady && (
        <>
          <JsonPane value={body} />
          <CommandPane calls={[{ method: 'PUT', path, body }]} />
        </>
      )}
    </Section>
  );
}

export function DeleteRule({ rule, onDone }: { readonly rule: ShownResource; readonly onDone: () => void }): ReactElement {
  const run = async (): Promise<void> => {
    await write({ title: `Delete the alert rule ${rule.name}`, method: 'DELETE', path: rule.id });
    onDone();
  };
  return (
    <ConfirmButton text="Delete rule" title={`Delete the alert rule ${rule.name}?`} run={run}>
      It is not watched any more, and nobody is told.
    </ConfirmButton>
  );
}

function said(problem: string | undefined): { readonly validationMessage?: string } {
  return problem === undefined ? {} : { validationMessage: problem };
}

function TargetField({ draft, problems, change }: FieldsProps): ReactElement {
  const styles = useStyles();
  const { resources, error } = useSearch({ types: targetTypes, top: 500 });
  const isListed = draft.target === '' || resources.some(({ id }) => id.toLowerCase() === draft.target.toLowerCase());
  const chosen = resources.find(({ id }) => id.toLowerCase() === draft.target.toLowerCase())?.id ?? draft.target;
  return (
    <Field label="Looks at" required className={styles.narrow} {...said(problems.target)}>
      <Select value={chosen} onChange={(_, { value }) => change({ target: value, metric: '' })}>
        <option value="">Choose a resource</option>
        {!isListed && <option value={draft.target}>{draft.target}</option>}
        {resources.map(({ id, name, type }) => (
          <option key={id} value={id}>{`${name} (${shortType(type)})`}</option>
        ))}
      </Select>
      {error !== null && <FaultPanel error={error} />}
    </Field>
  );
}

function ConditionFields({ draft, problems, change }: FieldsProps): ReactElement {
  const styles = useStyles();
  const { data: metrics = [], error } = useMetricChoices(draft.target);
  const chosen = metrics.find(({ name }) => name.value === draft.metric);
  const choose = (value: string): void => {
    const metric = metrics.find(({ name }) => name.value === value);
    change({ metric: value, ...(metric !== undefined && { aggregation: metric.primaryAggregationType as RuleAggregation }) });
  };
  const aggregations = new Set([...(chosen?.supportedAggregationTypes ?? []), draft.aggregation]);
  return (
    <>
      {error !== null && <FaultPanel error={error} />}
      <div className={styles.line}>
        <Field label="Measures" required className={styles.wide} {...said(problems.metric)}>
          <Select value={draft.metric} onChange={(_, { value }) => choose(value)}>
            <option value="">{draft.target === '' ? 'Choose a resource first' : 'Choose what is measured'}</option>
            {metrics.map(({ name, unit }) => (
              <option key={name.value} value={name.value}>{`${name.localizedValue} (${unit})`}</option>
            ))}
          </Select>
        </Field>
        <Field label="As">
          <Select value={draft.aggregation} onChange={(_, { value }) => change({ aggregation: value as RuleAggregation })}>
            {[...aggregations].map((one) => (
              <option key={one}>{one}</option>
            ))}
          </Select>
        </Field>
      </div>
      {chosen !== undefined && <Text className={styles.quiet}>{`${chosen.displayDescription}.`}</Text>}
      <div className={styles.line}>
        <Field label="Fires when it">
          <Select value={draft.operator} onChange={(_, { value }) => change({ operator: value as Operator })}>
            {Object.entries(operators).map(([value, text]) => (
              <option key={value} value={value}>
                {text}
              </option>
            ))}
          </Select>
        </Field>
        <Field label="Threshold" required {...said(problems.threshold)}>
          <Input value={draft.threshold} inputMode="decimal" onChange={(_, { value }) => change({ threshold: value })} />
        </Field>
        <SpanField label="Over" value={draft.window} problem={problems.window} onChange={(window) => change({ window })} />
        <SpanField label="Looked every" value={draft.frequency} onChange={(frequency) => change({ frequency })} />
      </div>
    </>
  );
}

interface SpanProps {
  readonly label: string;
  readonly value: string;
  readonly problem?: string | undefined;
  readonly onChange: (value: string) => void;
}

function SpanField({ label, value, problem, onChange }: SpanProps): ReactElement {
  return (
    <Field label={label} {...said(problem)}>
      <Select value={value} onChange={(_, { value: now }) => onChange(now)}>
        {[...new Set<string>([...spans, value])].map((one) => (
          <option key={one} value={one}>
            {spanText(one)}
          </option>
        ))}
      </Select>
    </Field>
  );
}

function GroupsField({ draft, change }: FieldsProps): ReactElement {
  const styles = useStyles();
  const { resources } = useSearch({ types: [groupType], top: 200 });
  const chosen = new Set(draft.groups.map((id) => id.toLowerCase()));
  const toggle = (id: string): void => {
    const key = id.toLowerCase();
    change({ groups: chosen.has(key) ? draft.groups.filter((one) => one.toLowerCase() !== key) : [...draft.groups, id] });
  };
  return (
    <Field label="Tells these action groups">
      <div className={styles.line} role="group" aria-label="Action groups">
        {resources.length === 0 && <Text className={styles.quiet}>There is none yet: the alert is shown here, and nobody is told.</Text>}
        {resources.map(({ id, name }) => (
          <Checkbox key={id} label={name} checked={chosen.has(id.toLowerCase())} onChange={() => toggle(id)} />
        ))}
      </div>
    </Field>
  );
}
