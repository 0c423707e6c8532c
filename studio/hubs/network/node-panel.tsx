import { Button, makeStyles, Subtitle2, Text, tokens } from '@fluentui/react-components';
import { DismissRegular } from '@fluentui/react-icons';
import type { ReactElement, ReactNode } from 'react';
import type { Json } from '#arm/resource.ts';
import { AppLink } from '#studio/parts/app-link.tsx';
import { Facts, type Fact } from '#studio/parts/facts.tsx';
import { resourceAddress } from '#studio/parts/resource-address.ts';
import { lookOf } from './kind-look.tsx';
import { StateMark } from './state-mark.tsx';
import { detailText, type Topology, type TopologyNode } from './topology-shape.ts';
import { rateText } from './topology-words.ts';
import type { Rates } from './use-topology.ts';

const useStyles = makeStyles({
  panel: { display: 'flex', flexDirection: 'column', gap: tokens.spacingVerticalM, minWidth: 0 },
  head: { display: 'flex', alignItems: 'start', justifyContent: 'space-between', gap: tokens.spacingHorizontalS },
  name: { overflowWrap: 'anywhere' },
  quiet: { color: tokens.colorNeutralForeground2 },
  list: { margin: 0, paddingLeft: '18px' },
  links: { display: 'flex', flexDirection: 'column', gap: tokens.spacingVerticalXS, alignItems: 'start' },
});

export interface NodePanelProps {
  readonly node: TopologyNode;
  readonly topology: Topology;
  readonly rates: Rates;
  readonly choose: (id: string | undefined) => void;
}

/** What is known of the part that is chosen, where it is changed, and what it leads to. */
export function NodePanel({ node, topology, rates, choose }: NodePanelProps): ReactElement {
  const styles = useStyles();
  const { word } = lookOf(node);
  const rate = rates.get(node.id);
  const names = new Map(topology.nodes.map((one) => [one.id, one]));
  const ends = (ids: readonly string[]): ReactNode =>
    ids.length === 0 ? undefined : (
      <span className={styles.links}>
        {ids.flatMap((id) => {
          const one = names.get(id);
          return one === undefined
            ? []
            : [
                <Button key={id} size="small" appearance="subtle" onClick={() => choose(id)}>
                  {one.name === '' ? lookOf(one).word : one.name}
                </Button>,
              ];
        })}
      </span>
    );
  const facts: readonly Fact[] = [
    ['State', node.state && <StateMark state={node.state} />],
    ['Why', node.reason],
    ['Passing now', rate && (rateText(rate) ?? 'nothing')],
    ...Object.entries(node.detail).map(([name, value]): Fact => [factName(name), factValue(value, styles.list)]),
    ['Leads to', ends(topology.edges.filter(({ from }) => from === node.id).map(({ to }) => to))],
    ['Comes from', ends(topology.edges.filter(({ to }) => to === node.id).map(({ from }) => from))],
  ];
  return (
    <section aria-label={`${word} ${node.name}`} className={styles.panel}>
      <div className={styles.head}>
        <div>
          <Text size={200} className={styles.quiet}>
            {word}
          </Text>
          <Subtitle2 as="h2" block className={styles.name}>
            {node.name}
          </Subtitle2>
        </div>
        <Button appearance="subtle" icon={<DismissRegular />} aria-label="Close" onClick={() => choose(undefined)} />
      </div>
      {node.kind === 'hidden' && <Text>A way leads here that you may not see. Who owns it can show it to you by a role.</Text>}
      <Facts facts={facts} />
      <div className={styles.links}>
        {node.resourceId !== undefined && <AppLink to={resourceAddress(node.resourceId)}>Open the resource</AppLink>}
        <ExplainLink node={node} topology={topology} />
      </div>
    </section>
  );
}

/** From an endpoint the way that its own network asks for; from a network any. */
function ExplainLink({ node, topology }: Pick<NodePanelProps, 'node' | 'topology'>): ReactElement | null {
  const nodes = new Map(topology.nodes.map((one) => [one.id, one]));
  let at: TopologyNode | undefined = node;
  while (at !== undefined && at.kind !== 'virtualNetwork' && at.kind !== 'managedNetwork') at = nodes.get(at.parent ?? '');
  if (at?.resourceId === undefined || !['endpoint', 'virtualNetwork', 'managedNetwork'].includes(node.kind)) return null;
  const names = node.detail['names'];
  const listeners = node.detail['listeners'];
  const [first = detailText(node.detail, 'address')] = Array.isArray(names) ? (names as readonly string[]) : [];
  const [listener] = Array.isArray(listeners) ? (listeners as readonly { readonly port: number }[]) : [];
  const [host, own] = first.split(',');
  const port = own === undefined ? listener?.port : Number(own);
  return (
    <AppLink to="/network/explain" search={{ network: at.resourceId, ...(host && { host }), ...(port !== undefined && { port }) } as never}>
      Explain a path from here
    </AppLink>
  );
}

/** `addressPrefix` → `Address prefix`. */
function factName(name: string): string {
  const words = name.replaceAll(/([A-Z]+)/g, ' $1').toLowerCase();
  return words[0]!.toUpperCase() + words.slice(1);
}

function factValue(value: Json, listClass: string): ReactNode {
  if (Array.isArray(value))
    return value.length === 0 ? (
      'none'
    ) : (
      <ul className={listClass}>
        {value.map((one) => {
          const text = plainText(one);
          return <li key={text}>{text}</li>;
        })}
      </ul>
    );
  return plainText(value);
}

function plainText(value: Json): string {
  if (value === null || typeof value !== 'object') return String(value);
  return Object.entries(value as Readonly<Record<string, Json>>)
    .map(([name, one]) => `${name} ${plainText(one)}`)
    .join(', ');
}
