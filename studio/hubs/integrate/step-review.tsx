import { Button, Checkbox, Field, Input, makeStyles, MessageBar, MessageBarBody, tokens } from '@fluentui/react-components';
import { useMutation } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { memo, useMemo, useState, type ReactElement } from 'react';
import type { Fault } from '#base/fault.ts';
import { linkPath, nameOfTable } from '#studio/data/link-shapes.ts';
import { useWorkspace } from '#studio/data/workspace.ts';
import { write } from '#studio/data/writing.ts';
import { CommandPane } from '#studio/parts/command-pane.tsx';
import { Facts } from '#studio/parts/facts.tsx';
import { FaultPanel } from '#studio/parts/fault-panel.tsx';
import { Grid, type Column } from '#studio/parts/grid.tsx';
import { JsonPane } from '#studio/parts/json-pane.tsx';
import { countText } from '#studio/parts/quantity-words.ts';
import { Section } from '#studio/parts/section.tsx';
import { Waiting } from '#studio/parts/waiting.tsx';
import { usePreflight } from './asking.ts';
import { changedPlans, changesText, hasErrors, summaryText, type TablePlan } from './column-plan.ts';
import { FindingList } from './finding-list.tsx';
import { linkBody, type LinkDraft } from './link-draft.ts';
import type { StepProps } from './step.ts';
import { stepProblems } from './wizard-steps.ts';

const useStyles = makeStyles({
  fields: { display: 'flex', flexDirection: 'column', gap: tokens.spacingVerticalM, maxWidth: '480px' },
  buttons: { display: 'flex', flexWrap: 'wrap', gap: tokens.spacingHorizontalS },
});

export interface StepReviewProps extends StepProps {
  /** Names of links that are there. */
  readonly taken: readonly string[];
  /** The link is made. */
  readonly onDone: () => void;
}

/** The whole of it before it is made: its name, what the source says to it, its JSON and the commands that do the same. */
export function StepReview({ workspace, draft, change, taken, onDone }: StepReviewProps): ReactElement {
  const styles = useStyles();
  const navigate = useNavigate();
  const { plane } = useWorkspace();
  const [starts, setStarts] = useState(true);
  const problems = stepProblems('review', draft, taken);
  // Name and description do not matter to the source.
  const asked = useUnnamed(draft);
  const path = linkPath(plane, draft.name === '' ? 'NAME' : draft.name);
  const body = useMemo(() => linkBody(draft, workspace.name), [draft, workspace.name]);
  const make = useMutation<void, Fault>({
    mutationFn: async () => {
      // Made before, and only not started: it is written once more, and nothing of it is different.
      await write({ title: `Create the link ${draft.name}`, method: 'PUT', path, body });
      if (starts) await write({ title: `Start the link ${draft.name}`, method: 'POST', path: `${path}/start` });
    },
    onSuccess: () => {
      const { name } = draft;
      onDone();
      void navigate({ to: `/monitor/link/${encodeURIComponent(name)}` });
    },
  });
  return (
    <>
      <Section title="Name">
        <div className={styles.fields}>
          <Field
            label="Link connection name"
            required
            {...(draft.name !== '' && problems.length > 0 && !make.isPending && { validationMessage: problems.join(' ') })}
          >
            <Input value={draft.name} maxLength={140} onChange={(_, { value }) => change({ name: value })} />
          </Field>
          <Field label="Description">
            <Input value={draft.description} maxLength={4_000} onChange={(_, { value }) => change({ description: value })} />
          </Field>
        </div>
      </Section>
      <Section title="What is made">
        <Facts
          facts={[
            ['Source', draft.service],
            ['Tables', countText(draft.tables.length)],
            ['SQL pool', draft.pool],
            ['Mode', draft.intervalMinutes === 0 ? 'continuous' : `every ${countText(draft.intervalMinutes)} minutes`],
            ['Transaction consistency across tables', draft.crossTable ? 'yes' : 'no'],
          ]}
        />
      </Section>
      <Check workspace={workspace} draft={asked} />
      {make.error !== null && <FaultPanel error={make.error} />}
      <Checkbox label="Start it at once" checked={starts} onChange={(_, { checked }) => setStarts(checked === true)} />
      <div className={styles.buttons}>
        <Button appearance="primary" disabledFocusable={problems.length > 0 || make.isPending} onClick={() => make.mutate()}>
          {starts ? 'Create and start' : 'Create link'}
        </Button>
      </div>
      <JsonPane title="JSON of the link" value={body} />
      <CommandPane calls={[{ method: 'PUT', path, body }, ...(starts ? [{ method: 'POST' as const, path: `${path}/start` }] : [])]} />
    </>
  );
}

/** The draft without its name; the same object as long as nothing else of it changes. */
function useUnnamed({ name: _name, description: _description, ...rest }: LinkDraft): LinkDraft {
  // What it depends on are its members.
  return useMemo(() => ({ ...rest, name: '', description: '' }), Object.values(rest));
}

/** What the source and the way there say to the link as it stands. It is not drawn anew while a name is typed. */
const Check = memo(function Check({ workspace, draft }: Pick<StepReviewProps, 'workspace' | 'draft'>): ReactElement {
  const { plane } = useWorkspace();
  const ask = { plane, workspace: workspace.name, draft };
  const { data, error, isFetching, refetch } = usePreflight(ask, plane !== '');
  const plans = useMemo(() => (data === undefined ? [] : changedPlans(data)), [data]);
  return (
    <Section
      title="Preflight"
      actions={
        <Button disabled={isFetching} onClick={() => void refetch()}>
          Check again
        </Button>
      }
    >
      {error !== null && <FaultPanel error={error} retry={() => void refetch()} />}
      {isFetching && <Waiting what="Asking the source" />}
      {data !== undefined && (
        <MessageBar intent={hasErrors(data) ? 'warning' : 'success'} layout="multiline" role="status">
          <MessageBarBody>
            {hasErrors(data)
              ? 'It cannot run as it is. It may be made all the same: once started it waits until what stands in its way is mended.'
              : 'It can start.'}
          </MessageBarBody>
        </MessageBar>
      )}
      {data !== undefined && <FindingList findings={data.findings} />}
      {plans.length > 0 && (
        <Grid
          label="Tables whose columns are changed or left out"
          columns={planColumns}
          rows={plans}
          idOf={({ source }) => nameOfTable(source)}
          height="320px"
          empty="Every column is kept as it is."
        />
      )}
    </Section>
  );
});

const planColumns: readonly Column<TablePlan>[] = [
  {
    key: 'table',
    title: 'Table',
    cell: ({ source }) => <span title={nameOfTable(source)}>{nameOfTable(source)}</span>,
    sortBy: ({ source }) => nameOfTable(source),
    width: 'minmax(140px, 1fr)',
  },
  { key: 'summary', title: 'Columns', cell: (plan) => summaryText(plan), width: 'minmax(180px, 1fr)' },
  {
    key: 'changes',
    title: 'What becomes of them',
    cell: (plan) => <span title={changesText(plan)}>{changesText(plan)}</span>,
    width: 'minmax(200px, 2fr)',
  },
];
