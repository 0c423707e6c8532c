import { Tab, TabList } from '@fluentui/react-components';
import { useNavigate, useSearch as useAddress } from '@tanstack/react-router';
import type { ReactElement } from 'react';
import { Page } from '#studio/parts/page.tsx';
import { AlertGroups } from './alert-groups.tsx';
import { AlertList } from './alert-list.tsx';
import { AlertRules } from './alert-rules.tsx';

const tabs = { alerts: 'Alerts', rules: 'Alert rules', groups: 'Action groups' } as const;
type TabName = keyof typeof tabs;
const crumbs = [{ text: 'Monitor', to: '/monitor' }];

export interface AlertAddress {
  readonly tab?: string;
  /** The id of what is looked at or edited; `new`: one is made. */
  readonly open?: string;
}

/** Rules on what is measured, who is told, and what fired. */
export function AlertsPage(): ReactElement {
  const navigate = useNavigate();
  const address = useAddress({ strict: false }) as AlertAddress & Readonly<Record<string, unknown>>;
  const tab: TabName = Object.hasOwn(tabs, address.tab ?? '') ? (address.tab as TabName) : 'alerts';
  const go = (search: AlertAddress): void => void navigate({ to: '/monitor/alerts', search: search as never });
  const open = (id: string | undefined): void => go({ tab, ...(id !== undefined && { open: id }) });
  const shown = { address, opened: address.open, onOpen: open };
  return (
    <Page title="Alerts" about="Rules on lag, tables, log budget and approvals: when they fire, and who is told." crumbs={crumbs}>
      <TabList selectedValue={tab} onTabSelect={(_, { value }) => go({ tab: value as string })} aria-label="About alerts">
        {Object.entries(tabs).map(([value, text]) => (
          <Tab key={value} value={value}>
            {text}
          </Tab>
        ))}
      </TabList>
      {tab === 'alerts' && <AlertList {...shown} />}
      {tab === 'rules' && <AlertRules {...shown} />}
      {tab === 'groups' && <AlertGroups {...shown} />}
    </Page>
  );
}
