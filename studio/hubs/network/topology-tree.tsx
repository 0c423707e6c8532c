import { makeStyles, mergeClasses, tokens, Tree, TreeItem, TreeItemLayout } from '@fluentui/react-components';
import { useMemo, type ReactElement } from 'react';
import { lookOf } from './kind-look.tsx';
import { StateMark } from './state-mark.tsx';
import type { Topology, TopologyNode } from './topology-shape.ts';
import { lineOf, rateText } from './topology-words.ts';
import { branchesOf, type Branch } from './tree-branches.ts';
import type { Rates } from './use-topology.ts';

const useStyles = makeStyles({
  row: { display: 'inline-flex', flexWrap: 'wrap', alignItems: 'center', gap: tokens.spacingHorizontalS },
  quiet: { color: tokens.colorNeutralForeground2, fontSize: tokens.fontSizeBase200 },
  chosen: { backgroundColor: tokens.colorNeutralBackground1Selected, color: tokens.colorNeutralForeground1Selected },
});

export interface TopologyTreeProps {
  readonly topology: Topology;
  readonly rates: Rates;
  readonly chosen: string | undefined;
  readonly choose: (id: string | undefined) => void;
}

/** The same as the picture, for the keyboard and for screen readers: networks, and in them each way from its begin to the database. */
export function TopologyTree({ topology, rates, chosen, choose }: TopologyTreeProps): ReactElement {
  const branches = useMemo(() => branchesOf(topology), [topology]);
  const open = useMemo(() => allKeys(branches), [branches]);
  return (
    <Tree aria-label="Topology" defaultOpenItems={open}>
      {branches.map((branch) => (
        <BranchItem key={branch.key} branch={branch} rates={rates} chosen={chosen} choose={choose} />
      ))}
    </Tree>
  );
}

function BranchItem({ branch, rates, chosen, choose }: Omit<TopologyTreeProps, 'topology'> & { readonly branch: Branch }): ReactElement {
  const styles = useStyles();
  const { key, node, children } = branch;
  const isLeaf = children.length === 0;
  return (
    <TreeItem itemType={isLeaf ? 'leaf' : 'branch'} value={key} onClick={(event) => (event.stopPropagation(), choose(node.id))}>
      <TreeItemLayout className={mergeClasses(node.id === chosen && styles.chosen)}>
        <Line node={node} rates={rates} />
      </TreeItemLayout>
      {!isLeaf && (
        <Tree>
          {children.map((child) => (
            <BranchItem key={child.key} branch={child} rates={rates} chosen={chosen} choose={choose} />
          ))}
        </Tree>
      )}
    </TreeItem>
  );
}

function Line({ node, rates }: { readonly node: TopologyNode; readonly rates: Rates }): ReactElement {
  const styles = useStyles();
  const { Icon, word } = lookOf(node);
  const rate = rates.get(node.id);
  return (
    <span className={styles.row}>
      <Icon aria-hidden />
      <span>{node.name === '' ? word : node.name}</span>
      <span className={styles.quiet}>{[node.name === '' ? '' : word, lineOf(node)].filter((part) => part !== '').join(' · ')}</span>
      {node.state !== undefined && <StateMark state={node.state} />}
      {rate !== undefined && <span className={styles.quiet}>{rateText(rate)}</span>}
    </span>
  );
}

function allKeys(branches: readonly Branch[]): string[] {
  return branches.flatMap(({ key, children }) => [key, ...allKeys(children)]);
}
