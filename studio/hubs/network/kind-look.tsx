import {
  ArrowRoutingRegular,
  BranchForkRegular,
  CloudFlowRegular,
  DatabaseRegular,
  EyeOffRegular,
  GlobeRegular,
  HomeRegular,
  OrganizationRegular,
  PersonRunningRegular,
  PlugConnectedRegular,
  RouterRegular,
  SelectObjectSkewRegular,
  ServerLinkRegular,
  ServerRegular,
  ShieldLockRegular,
  type FluentIcon,
} from '@fluentui/react-icons';
import type { NodeKind, TopologyNode } from './topology-shape.ts';

interface KindLook {
  readonly Icon: FluentIcon;
  readonly word: string;
}

const looks: Readonly<Record<NodeKind, KindLook>> = {
  site: { Icon: HomeRegular, word: 'Site' },
  virtualNetwork: { Icon: OrganizationRegular, word: 'Virtual network' },
  managedNetwork: { Icon: ShieldLockRegular, word: 'Managed network' },
  subnet: { Icon: SelectObjectSkewRegular, word: 'Subnet' },
  worker: { Icon: PersonRunningRegular, word: 'Worker' },
  endpoint: { Icon: PlugConnectedRegular, word: 'Private endpoint' },
  service: { Icon: ServerLinkRegular, word: 'Private link service' },
  publicServer: { Icon: GlobeRegular, word: 'Public name' },
  balancer: { Icon: BranchForkRegular, word: 'Load balancer' },
  rule: { Icon: ArrowRoutingRegular, word: 'Rule' },
  backend: { Icon: ServerRegular, word: 'Backend' },
  forwarder: { Icon: RouterRegular, word: 'Forwarder' },
  database: { Icon: DatabaseRegular, word: 'Database' },
  hidden: { Icon: EyeOffRegular, word: 'Not shown to you' },
};

/** What a node is, in a picture and a word. A database server that takes endpoints itself is no private link service. */
export function lookOf({ kind, detail }: Pick<TopologyNode, 'kind' | 'detail'>): KindLook {
  if (kind === 'service' && detail['kind'] === 'database') return { Icon: CloudFlowRegular, word: 'Database server' };
  return looks[kind];
}
