import {
  Button,
  Combobox,
  Field,
  Input,
  makeStyles,
  MessageBar,
  MessageBarBody,
  MessageBarTitle,
  Option,
  OptionGroup,
  tokens,
} from '@fluentui/react-components';
import { useNavigate, useSearch as useAddress } from '@tanstack/react-router';
import { useMemo, useState, type ReactElement } from 'react';
import { keyOf } from '#arm/resource-id.ts';
import { useArmPost } from '#studio/data/queries.ts';
import { useSubscription } from '#studio/data/session.ts';
import { AppLink } from '#studio/parts/app-link.tsx';
import { CommandPane } from '#studio/parts/command-pane.tsx';
import { FaultPanel } from '#studio/parts/fault-panel.tsx';
import { JsonPane } from '#studio/parts/json-pane.tsx';
import { resourceAddress } from '#studio/parts/resource-address.ts';
import { Section } from '#studio/parts/section.tsx';
import { Waiting } from '#studio/parts/waiting.tsx';
import { denialOf, hostProblem, portProblem, resourceOf, type ExplainAddress, type Explanation } from './explain-shape.ts';
import { NetworkPage } from './network-page.tsx';
import { PathView } from './path-view.tsx';
import type { Start } from './starts.ts';
import { useStarts } from './use-starts.ts';
import { useTopology } from './use-topology.ts';

const useStyles = makeStyles({
  form: {
    display: 'grid',
    gridTemplateColumns: 'minmax(200px, 1.2fr) minmax(200px, 1.4fr) 110px auto',
    gap: tokens.spacingHorizontalM,
    alignItems: 'start',
    maxWidth: '1000px',
    '@media (max-width: 900px)': { gridTemplateColumns: 'minmax(0, 1fr)' },
  },
  button: { marginTop: '26px', '@media (max-width: 900px)': { marginTop: 0 } },
  wide: { minWidth: 0, width: '100%' },
});

/** How a connection from inside a network would go, hop by hop, or what denies it and what would mend it. */
export function ExplainPage(): ReactElement {
  const address = useAddress({ strict: false }) as ExplainAddress;
  const { network, host, port } = address;
  const isAsked = network !== undefined && host !== undefined && port !== undefined;
  return (
    <NetworkPage
      title="Explain a path"
      about="How a connection from inside a network would go at this moment, hop by hop, or what denies it and what would mend it. The database is connected to once; nothing is sent to it."
    >
      <ExplainForm key={`${network} ${host} ${port}`} asked={address} />
      {isAsked && <Answer network={network} host={host} port={port} />}
    </NetworkPage>
  );
}

function ExplainForm({ asked }: { readonly asked: ExplainAddress }): ReactElement {
  const styles = useStyles();
  const navigate = useNavigate();
  const { starts, error } = useStarts();
  const [network, setNetwork] = useState(asked.network);
  const [host, setHost] = useState(asked.host ?? '');
  const [port, setPort] = useState(asked.port === undefined ? '' : String(asked.port));
  const [isTried, setTried] = useState(false);
  const chosen =
    starts.find(({ id }) => keyOf(id) === keyOf(network ?? '')) ?? starts.find((one) => keyOf(one.network) === keyOf(network ?? ''));
  const wrong = {
    host: hostProblem(host),
    port: portProblem(port),
    network: chosen === undefined ? 'Choose where the connection begins.' : undefined,
  };
  const send = (): void => {
    setTried(true);
    if (Object.values(wrong).some((one) => one !== undefined)) return;
    void navigate({ to: '/network/explain', search: { network: chosen!.network, host: host.trim(), port: Number(port) } as never });
  };
  return (
    <>
      {error !== null && <FaultPanel error={error} />}
      <form
        noValidate
        className={styles.form}
        onSubmit={(event) => {
          event.preventDefault();
          send();
        }}
      >
        <Field label="From" required {...(isTried && said(wrong.network))}>
          <StartField starts={starts} chosen={chosen} onChoose={setNetwork} />
        </Field>
        <Field label="Host" required {...((isTried || host !== '') && said(wrong.host))}>
          <HostField network={chosen?.network} value={host} onChange={setHost} onPort={setPort} />
        </Field>
        <Field label="Port" required {...((isTried || port !== '') && said(wrong.port))}>
          <Input className={styles.wide} inputMode="numeric" value={port} onChange={(_, { value }) => setPort(value)} placeholder="1433" />
        </Field>
        <Button type="submit" appearance="primary" className={styles.button}>
          Explain
        </Button>
      </form>
    </>
  );
}

function said(problem: string | undefined): { readonly validationMessage?: string } {
  return problem === undefined ? {} : { validationMessage: problem };
}

interface StartFieldProps {
  readonly starts: readonly Start[];
  readonly chosen: Start | undefined;
  readonly onChoose: (id: string) => void;
}

/** Networks, and runtimes by the network that they stand in. */
function StartField({ starts, chosen, onChoose }: StartFieldProps): ReactElement {
  const styles = useStyles();
  const groups = [...Map.groupBy(starts, ({ group }) => group)];
  return (
    <Combobox
      className={styles.wide}
      key={chosen?.id ?? 'none'}
      defaultValue={chosen?.text ?? ''}
      defaultSelectedOptions={chosen === undefined ? [] : [chosen.id]}
      placeholder="Network or runtime"
      onOptionSelect={(_, { optionValue }) => optionValue !== undefined && onChoose(optionValue)}
    >
      {groups.map(([group, all]) => (
        <OptionGroup key={group} label={group}>
          {all.map(({ id, text }) => (
            <Option key={id} value={id} text={text}>
              {text}
            </Option>
          ))}
        </OptionGroup>
      ))}
    </Combobox>
  );
}

interface HostFieldProps {
  readonly network: string | undefined;
  readonly value: string;
  readonly onChange: (host: string) => void;
  readonly onPort: (port: string) => void;
}

/** Any name or address; those that endpoints of the network have are offered. */
function HostField({ network, value, onChange, onPort }: HostFieldProps): ReactElement {
  const styles = useStyles();
  const { data } = useTopology();
  const names = useMemo(() => {
    const key = keyOf(network ?? '');
    const nodes = data?.nodes ?? [];
    const inside = new Set(nodes.filter(({ id, parent }) => id === key || parent === key).map(({ id }) => id));
    const endpoints = nodes.filter(({ kind, parent }) => kind === 'endpoint' && parent !== undefined && inside.has(parent));
    return [...new Set(endpoints.flatMap(({ detail }) => (Array.isArray(detail['names']) ? (detail['names'] as readonly string[]) : [])))];
  }, [data, network]);
  return (
    <Combobox
      className={styles.wide}
      freeform
      value={value}
      placeholder="db.example or 10.0.0.4"
      onChange={({ target }) => onChange(target.value)}
      onOptionSelect={(_, { optionValue }) => {
        const [host = '', port] = (optionValue ?? '').split(',');
        onChange(host);
        if (port !== undefined) onPort(port);
      }}
    >
      {names.map((name) => (
        <Option key={name} value={name}>
          {name}
        </Option>
      ))}
    </Combobox>
  );
}

function Answer({ network, host, port }: Required<{ readonly [K in keyof ExplainAddress]: NonNullable<ExplainAddress[K]> }>): ReactElement {
  const within = useSubscription();
  const idOf = useCreatedIds();
  const path = `${network}/explain`;
  // Asked again whenever the network is another one: an approval is seen at once.
  const { data, error, isPending, isPlaceholderData, refetch } = useArmPost<Explanation>(
    path,
    { host, port },
    { watch: { types: ['Isthmus.Fabric/topology'], within } },
  );
  if (error !== null) return <FaultPanel error={error} retry={() => void refetch()} />;
  if (isPending || isPlaceholderData || data === undefined) return <Waiting what={`Trying the way to ${host}:${port}`} />;
  const denied = denialOf(data);
  const key = denied?.target === undefined ? undefined : resourceOf(denied.target);
  const rule = key && idOf(key);
  return (
    <>
      {denied === undefined ? (
        <MessageBar intent="success" layout="multiline">
          <MessageBarBody>
            <MessageBarTitle>The way is open</MessageBarTitle>
            {host}:{port} is reached from this network, and the database answers.
          </MessageBarBody>
        </MessageBar>
      ) : (
        <FaultPanel error={denied} />
      )}
      {rule !== undefined && <AppLink to={resourceAddress(rule)}>Open what denies it: {rule.slice(rule.lastIndexOf('/') + 1)}</AppLink>}
      <Section title="Hop by hop" actions={<Button onClick={() => void refetch()}>Try again</Button>}>
        <PathView hops={data.hops} idOf={idOf} />
      </Section>
      <JsonPane value={data} />
      <CommandPane calls={[{ method: 'POST', path, body: { host, port } }]} />
    </>
  );
}

/** Ways are told by keys; people know resources as they were written. */
function useCreatedIds(): (key: string) => string {
  const { data } = useTopology();
  const ids = useMemo(
    () => new Map((data?.nodes ?? []).flatMap(({ resourceId }) => (resourceId === undefined ? [] : [[keyOf(resourceId), resourceId]]))),
    [data],
  );
  return (key) => ids.get(keyOf(key)) ?? key;
}
