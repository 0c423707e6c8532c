import { Button, Checkbox, Field, Input, makeStyles, Radio, RadioGroup, Select, tokens } from '@fluentui/react-components';
import { useState, type ReactElement } from 'react';
import { useSearch } from '#studio/data/queries.ts';
import { useWrite } from '#studio/data/writing.ts';
import { CommandPane } from '#studio/parts/command-pane.tsx';
import { FaultPanel } from '#studio/parts/fault-panel.tsx';
import { Section } from '#studio/parts/section.tsx';
import type { LinkDraft, OnExisting } from './link-draft.ts';
import { MappingDefaults, MappingGrid } from './mapping-grid.tsx';
import type { StepProps } from './step.ts';

const poolType = 'Microsoft.Synapse/workspaces/sqlPools';
const levels = ['DW100c', 'DW200c', 'DW300c', 'DW400c', 'DW500c', 'DW1000c', 'DW1500c', 'DW2000c', 'DW2500c', 'DW3000c'];

const useStyles = makeStyles({
  line: { display: 'flex', flexWrap: 'wrap', alignItems: 'end', gap: tokens.spacingHorizontalM },
  choice: { minWidth: '260px' },
});

/** Where the tables go, and how they are kept there. */
export function StepTarget({ workspace, draft, change }: StepProps): ReactElement {
  const styles = useStyles();
  const [isNew, setNew] = useState(false);
  const { resources, isPending, error } = useSearch({ types: [poolType], scope: workspace.id, top: 1_000 });
  return (
    <>
      <Section title="Target" about="The tables are written to it, and queried there.">
        {error !== null && <FaultPanel error={error} />}
        <div className={styles.line}>
          <Field label="SQL pool" required className={styles.choice}>
            <Select value={draft.pool} disabled={isNew || isPending} onChange={(_, { value }) => change({ pool: value })}>
              <option value="">{resources.length === 0 && !isPending ? 'There is none yet' : 'Choose one'}</option>
              {resources.map(({ name }) => (
                <option key={name} value={name}>
                  {name}
                </option>
              ))}
            </Select>
          </Field>
          {!isNew && <Button onClick={() => setNew(true)}>New SQL pool</Button>}
        </div>
        {isNew && (
          <NewPool
            workspace={workspace}
            onDone={(pool) => {
              setNew(false);
              change({ pool });
            }}
            onCancel={() => setNew(false)}
          />
        )}
      </Section>
      <Section title="Tables in the pool" about="As for all, unless a table is asked for otherwise.">
        <MappingDefaults draft={draft} onChange={change} />
        <MappingGrid draft={draft} onChange={(tables) => change({ tables })} />
      </Section>
      <TargetOptions draft={draft} onChange={change} />
    </>
  );
}

interface OptionsProps {
  readonly draft: LinkDraft;
  readonly onChange: (change: Partial<LinkDraft>) => void;
}

/** What becomes of tables that are there, and of transactions over several tables. */
export function TargetOptions({ draft, onChange }: OptionsProps): ReactElement {
  return (
    <Section title="When the link starts">
      <Field label="Where a table is in the pool already">
        <RadioGroup value={draft.onExisting} onChange={(_, { value }) => onChange({ onExisting: value as OnExisting })}>
          <Radio value="FailOnNonEmpty" label="Fail on non-empty table: nothing of it is touched" />
          <Radio value="DropAndRecreate" label="Drop and recreate table: its rows are lost" />
          <Radio value="Merge" label="Merge with existing data: rows of the same key are replaced, others stay" />
        </RadioGroup>
      </Field>
      <Checkbox
        label="Transaction consistency across tables"
        checked={draft.crossTable}
        onChange={(_, { checked }) => onChange({ crossTable: checked === true })}
      />
    </Section>
  );
}

interface NewPoolProps {
  readonly workspace: StepProps['workspace'];
  readonly onDone: (name: string) => void;
  readonly onCancel: () => void;
}

function NewPool({ workspace, onDone, onCancel }: NewPoolProps): ReactElement {
  const styles = useStyles();
  const [name, setName] = useState('');
  const [level, setLevel] = useState(levels[0]!);
  const writing = useWrite(() => onDone(name));
  const isNamed = /^[A-Za-z0-9_]+$/.test(name) && name.length <= 60;
  const path = `${workspace.id}/sqlPools/${encodeURIComponent(name)}`;
  const body = { location: workspace.location ?? '', sku: { name: level }, properties: {} };
  return (
    <>
      <div className={styles.line}>
        <Field label="Pool name" required {...(name !== '' && !isNamed && { validationMessage: 'Letters, digits and _, at most 60.' })}>
          <Input value={name} onChange={(_, { value }) => setName(value)} />
        </Field>
        <Field label="Performance level">
          <Select value={level} onChange={(_, { value }) => setLevel(value)}>
            {levels.map((one) => (
              <option key={one}>{one}</option>
            ))}
          </Select>
        </Field>
        <Button
          appearance="primary"
          disabled={!isNamed || writing.isPending}
          onClick={() => writing.mutate({ title: `Create the SQL pool ${name}`, method: 'PUT', path, body })}
        >
          Create SQL pool
        </Button>
        <Button disabled={writing.isPending} onClick={onCancel}>
          Choose an existing one
        </Button>
      </div>
      {writing.error !== null && <FaultPanel error={writing.error} />}
      {isNamed && <CommandPane title="Commands that create it" calls={[{ method: 'PUT', path, body }]} />}
    </>
  );
}
