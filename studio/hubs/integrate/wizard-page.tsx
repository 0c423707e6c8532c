import { Button, makeStyles, Text, tokens } from '@fluentui/react-components';
import { useNavigate, useSearch as useAddress } from '@tanstack/react-router';
import type { ReactElement } from 'react';
import { useLinks } from '#studio/data/links.ts';
import type { ShownResource } from '#studio/data/queries.ts';
import { useWorkspace } from '#studio/data/workspace.ts';
import { AppLink } from '#studio/parts/app-link.tsx';
import { FaultPanel } from '#studio/parts/fault-panel.tsx';
import { Page } from '#studio/parts/page.tsx';
import { Waiting } from '#studio/parts/waiting.tsx';
import { StepList } from './step-list.tsx';
import { StepMode } from './step-mode.tsx';
import { StepReview } from './step-review.tsx';
import { StepSource } from './step-source.tsx';
import { StepTables } from './step-tables.tsx';
import { StepTarget } from './step-target.tsx';
import { useDraft } from './use-draft.ts';
import { openStep, stepAfter, stepBefore, stepProblems, stepTitles, type StepName } from './wizard-steps.ts';

const useStyles = makeStyles({
  foot: { display: 'flex', flexWrap: 'wrap', alignItems: 'center', gap: tokens.spacingHorizontalM },
  problem: { color: tokens.colorNeutralForeground2 },
});
const crumbs = [{ text: 'Integrate', to: '/integrate' }];

/** Makes a link connection, step by step. */
export function WizardPage(): ReactElement {
  const { current, isPending, error } = useWorkspace();
  return (
    <Page title="Create link connection" about="Tables of a database, copied into a SQL pool and kept as they are there." crumbs={crumbs}>
      {error !== null && <FaultPanel error={error} />}
      {current !== undefined && <Wizard key={current.id} workspace={current} />}
      {current === undefined && isPending && <Waiting />}
      {current === undefined && !isPending && error === null && (
        <Text>
          There is no workspace yet. <AppLink to="/manage">Manage</AppLink> makes one.
        </Text>
      )}
    </Page>
  );
}

function Wizard({ workspace }: { readonly workspace: ShownResource }): ReactElement {
  const styles = useStyles();
  const navigate = useNavigate();
  const { draft, change, forget } = useDraft(workspace.id);
  const address = useAddress({ strict: false }) as { readonly step?: string };
  const links = useLinks();
  const taken = (links.data ?? []).map(({ name }) => name);
  const step = openStep(address.step, draft);
  const problems = stepProblems(step, draft, taken);
  const go = (to: StepName): void => void navigate({ to: '/integrate/new', search: { step: to } as never });
  const [after, before] = [stepAfter(step), stepBefore(step)];
  const cancel = (): void => {
    forget();
    void navigate({ to: '/integrate' });
  };
  const shown = { workspace, draft, change };
  return (
    <>
      <StepList current={step} draft={draft} onGo={go} />
      {step === 'source' && <StepSource {...shown} />}
      {step === 'tables' && <StepTables {...shown} />}
      {step === 'target' && <StepTarget {...shown} />}
      {step === 'mode' && <StepMode {...shown} />}
      {step === 'review' && <StepReview {...shown} taken={taken} onDone={forget} />}
      <div className={styles.foot}>
        {before !== undefined && <Button onClick={() => go(before)}>Back</Button>}
        {after !== undefined && (
          <Button appearance="primary" disabledFocusable={problems.length > 0} onClick={() => go(after)}>
            {`Next: ${stepTitles[after]}`}
          </Button>
        )}
        <Button appearance="subtle" onClick={cancel}>
          Cancel
        </Button>
        {step !== 'review' && problems.length > 0 && (
          <Text className={styles.problem} role="status">
            {problems.join(' ')}
          </Text>
        )}
      </div>
    </>
  );
}
