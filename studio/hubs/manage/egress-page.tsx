import { Button, makeStyles, Radio, RadioGroup, Text, tokens } from '@fluentui/react-components';
import { useState, type ReactElement } from 'react';
import type { EgressRecord } from '#arm/egress-report.ts';
import { toFault } from '#base/fault.ts';
import { useArm, type ShownResource } from '#studio/data/queries.ts';
import { useWrite, write } from '#studio/data/writing.ts';
import { CommandPane } from '#studio/parts/command-pane.tsx';
import { ConfirmButton } from '#studio/parts/confirm-button.tsx';
import { Facts } from '#studio/parts/facts.tsx';
import { FaultPanel } from '#studio/parts/fault-panel.tsx';
import { Grid, type Column } from '#studio/parts/grid.tsx';
import { JsonPane } from '#studio/parts/json-pane.tsx';
import { countText } from '#studio/parts/quantity-words.ts';
import { Section } from '#studio/parts/section.tsx';
import { TimeText } from '#studio/parts/time-text.tsx';
import { Waiting } from '#studio/parts/waiting.tsx';
import { egressModes, isProtected, modeBody, modeConsequence, recordKey, ruleWord, type EgressMode, type ShownReport } from './egress.ts';
import { HomeGate } from './home-gate.tsx';
import { homeNoun, networkId } from '#studio/parts/authoring/home.ts';

const useStyles = makeStyles({
  buttons: { display: 'flex', flexWrap: 'wrap', gap: tokens.spacingHorizontalS, alignItems: 'center' },
});

/** What the managed network lets out, what it refused, and what enforcing would break. */
export function EgressPage(): ReactElement {
  return (
    <HomeGate title="Egress" about="What leaves the managed network, what was refused and why, and what enforcing would break.">
      {(home) => <Egress key={home.id} home={home} />}
    </HomeGate>
  );
}

function Egress({ home }: { readonly home: ShownResource }): ReactElement {
  const network = networkId(home);
  const path = `${network}/egressReport`;
  const { data, error, refetch } = useArm<ShownReport>(path, {
    watch: { ids: [network, home.id], types: ['*/managedPrivateEndpoints', '*/managedVirtualNetworks', '*/privateEndpointConnections'] },
  });
  if (data === undefined && error === null) return <Waiting />;
  if (data === undefined)
    return toFault(error).kind === 'missing' ? <NoNetwork home={home} /> : <FaultPanel error={error} retry={() => void refetch()} />;
  return (
    <>
      {error !== null && <FaultPanel error={error} />}
      <Mode home={home} report={data} />
      <Records
        title="Refused"
        about="Connections that the managed network did not let out, the last first."
        records={data.denied}
        empty="Nothing was refused."
        refresh={() => void refetch()}
      />
      {data.mode !== 'enforce' && (
        <Records
          title="Would be refused if it were enforced"
          about="It was let out, and would not be in the mode Enforce."
          records={data.wouldBreak}
          empty="Nothing that was let out would be refused."
        />
      )}
      <Records
        title="Let out"
        about="What left the managed network beside approved endpoints."
        records={data.outside}
        empty="Nothing was let out."
      />
      <JsonPane value={data} path={path} />
      <CommandPane
        calls={[
          { method: 'GET', path, isthmus: ['egress', 'report', homeNoun(home) === 'workspace' ? '--workspace' : '--factory', home.name] },
        ]}
      />
    </>
  );
}

function Mode({ home, report }: { readonly home: ShownResource; readonly report: ShownReport }): ReactElement {
  const styles = useStyles();
  const [chosen, setChosen] = useState<EgressMode>();
  const mode = chosen ?? report.mode;
  const body = modeBody(home.tags ?? {}, mode);
  return (
    <Section title="Mode">
      <Facts
        facts={[
          ['Now', egressModes.find((one) => one.mode === report.mode)?.text ?? report.mode],
          ['Known since', <TimeText key="since" at={report.since} />],
          [
            'Exfiltration protection',
            homeNoun(home) === 'workspace' ? (isProtected(home.properties) ? 'on: decided when the workspace was made' : 'off') : undefined,
          ],
        ]}
      />
      <RadioGroup value={mode} onChange={(_, { value }) => setChosen(value as EgressMode)} aria-label="Egress mode">
        {egressModes.map((one) => (
          <Radio key={one.mode} value={one.mode} label={one.text} />
        ))}
      </RadioGroup>
      <div className={styles.buttons}>
        <ConfirmButton
          text="Change mode"
          title={`Change the egress mode of ${home.name} to ${mode}?`}
          disabled={mode === report.mode}
          run={async () => {
            await write({ title: `Change the egress mode of ${home.name} to ${mode}`, method: 'PATCH', path: home.id, body });
            setChosen(undefined);
          }}
        >
          <Text>{modeConsequence(mode, report)}</Text>
        </ConfirmButton>
      </div>
      <CommandPane calls={[{ method: 'PATCH', path: home.id, body }]} />
    </Section>
  );
}

interface RecordsProps {
  readonly title: string;
  readonly about: string;
  readonly records: readonly EgressRecord[];
  readonly empty: string;
  readonly refresh?: () => void;
}

function Records({ title, about, records, empty, refresh }: RecordsProps): ReactElement {
  return (
    <Section title={title} about={about} actions={refresh && <Button onClick={refresh}>Read again</Button>}>
      <Grid label={title} columns={columns} rows={records} idOf={recordKey} empty={empty} height="300px" />
    </Section>
  );
}

const columns: readonly Column<EgressRecord>[] = [
  {
    key: 'to',
    title: 'To',
    sortBy: ({ host }) => host,
    cell: ({ host, port }) => <span title={host}>{`${host}:${port}`}</span>,
    width: 'minmax(140px, 1.6fr)',
  },
  { key: 'count', title: 'Times', sortBy: ({ count }) => count, cell: ({ count }) => countText(count), isNumber: true, width: '70px' },
  {
    key: 'for',
    title: 'For',
    sortBy: ({ asker }) => asker,
    cell: ({ asker }) => <span title={asker}>{asker}</span>,
    width: 'minmax(140px, 1.6fr)',
  },
  { key: 'code', title: 'Code', sortBy: ({ code }) => code, cell: ({ code }) => code, width: 'minmax(110px, 1fr)' },
  { key: 'rule', title: 'By', sortBy: ({ rule }) => rule, cell: ({ rule }) => <span title={rule}>{ruleWord(rule)}</span> },
  { key: 'remedy', title: 'Remedy', cell: ({ remedy }) => <span title={remedy}>{remedy}</span>, width: 'minmax(160px, 2.4fr)' },
  { key: 'last', title: 'Last', sortBy: ({ last }) => last, cell: ({ last }) => <TimeText at={last} /> },
];

function NoNetwork({ home }: { readonly home: ShownResource }): ReactElement {
  const writing = useWrite();
  const noun = homeNoun(home);
  return (
    <Section title="No managed network">
      <Text>
        {noun === 'workspace'
          ? `The workspace ${home.name} has no managed virtual network: that is decided when a workspace is made. Nothing of it is held back or told here.`
          : `The data factory ${home.name} has no managed virtual network yet.`}
      </Text>
      {noun === 'data factory' && (
        <div>
          <Button
            appearance="primary"
            disabled={writing.isPending}
            onClick={() =>
              writing.mutate({
                title: `Create the managed network of ${home.name}`,
                method: 'PUT',
                path: networkId(home),
                body: { properties: {} },
              })
            }
          >
            Create managed network
          </Button>
        </div>
      )}
      {writing.error !== null && <FaultPanel error={writing.error} />}
    </Section>
  );
}
