import { Field, makeStyles, Radio, RadioGroup, Select, SpinButton, tokens } from '@fluentui/react-components';
import type { ReactElement } from 'react';
import { Section } from '#studio/parts/section.tsx';
import type { LinkDraft } from './link-draft.ts';
import type { StepProps } from './step.ts';

const useStyles = makeStyles({
  line: { display: 'flex', flexWrap: 'wrap', alignItems: 'start', gap: tokens.spacingHorizontalM },
  number: { maxWidth: '180px' },
});
const usualMinutes = 60;

/** How often changes are carried over, and how much log the source may keep for that. */
export function StepMode({ draft, change }: Omit<StepProps, 'workspace'>): ReactElement {
  return <ModeFields draft={draft} onChange={change} />;
}

interface ModeProps {
  readonly draft: LinkDraft;
  readonly onChange: (change: Partial<LinkDraft>) => void;
}

export function ModeFields({ draft, onChange }: ModeProps): ReactElement {
  const styles = useStyles();
  const isBatch = draft.intervalMinutes !== 0;
  return (
    <>
      <Section title="Mode">
        <Field label="Changes are carried over">
          <RadioGroup
            value={isBatch ? 'batch' : 'continuous'}
            onChange={(_, { value }) => onChange({ intervalMinutes: value === 'batch' ? usualMinutes : 0 })}
          >
            <Radio value="continuous" label="Continuous: as they happen" />
            <Radio value="batch" label="Interval: in batches; between them no worker runs" />
          </RadioGroup>
        </Field>
        {isBatch && (
          <Field label="Minutes between batches" hint="1 to 10,080, a week" className={styles.number}>
            <SpinButton
              value={draft.intervalMinutes}
              min={1}
              max={10_080}
              onChange={(_, { value, displayValue }) => onChange({ intervalMinutes: numberOf(value, displayValue) })}
            />
          </Field>
        )}
      </Section>
      <Section
        title="Log budget"
        about="The source keeps its log for the link. At the budget the link gives its place up, so that the source's disk does not fill."
      >
        <div className={styles.line}>
          <Field label="At most, in GiB" hint="0: as usual, 16 GiB" className={styles.number}>
            <SpinButton
              value={draft.logBudgetGib}
              min={0}
              step={1}
              onChange={(_, { value, displayValue }) => onChange({ logBudgetGib: numberOf(value, displayValue) })}
            />
          </Field>
          <Field label="Then">
            <Select
              value={draft.whenExceeded}
              onChange={(_, { value }) => onChange({ whenExceeded: value === 'reseed' ? 'reseed' : 'pause' })}
            >
              <option value="pause">The link is paused until somebody resumes it</option>
              <option value="reseed">Everything is copied anew by itself</option>
            </Select>
          </Field>
        </div>
      </Section>
    </>
  );
}

function numberOf(value: number | null | undefined, text: string | undefined): number {
  return value ?? Number(text === undefined || text.trim() === '' ? 0 : text);
}
