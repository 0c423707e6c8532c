import { makeStyles, Tab, TabList, tokens } from '@fluentui/react-components';
import { useNavigate, useSearch as useAddress } from '@tanstack/react-router';
import { useEffect, useState, type ReactElement } from 'react';
import { toFault } from '#base/fault.ts';
import { parsePlace, segmentsOf, subscriptionType } from '#arm/resource-id.ts';
import { useArm, type ShownResource } from '#studio/data/queries.ts';
import { forget, remember } from '#studio/data/recent.ts';
import { CommandPane } from '#studio/parts/command-pane.tsx';
import { EditResource } from '#studio/parts/edit-resource.tsx';
import { FaultPanel } from '#studio/parts/fault-panel.tsx';
import { JsonPane } from '#studio/parts/json-pane.tsx';
import { Page, type Crumb } from '#studio/parts/page.tsx';
import { resourceAddress } from '#studio/parts/resource-address.ts';
import { useTypeSchema, type TypeSchema } from '#studio/parts/schema/type-schema.ts';
import { Waiting } from '#studio/parts/waiting.tsx';
import { ActionsView } from './actions-view.tsx';
import { ActivityView } from './activity-view.tsx';
import { DeleteButton } from './delete-button.tsx';
import { OverviewView } from './overview-view.tsx';
import { useResourceId } from './resource-id-of.ts';
import { TagsView } from './tags-view.tsx';

const useStyles = makeStyles({ body: { display: 'flex', flexDirection: 'column', gap: tokens.spacingVerticalL, minWidth: 0 } });

const tabs = {
  overview: 'Overview',
  edit: 'Edit',
  tags: 'Tags',
  actions: 'Actions',
  json: 'JSON',
  commands: 'Commands',
  activity: 'Activity',
};
type TabName = keyof typeof tabs;

/** Any resource, by its id. */
export function ResourcePage(): ReactElement {
  const id = useResourceId();
  const place = parsePlace(segmentsOf(id));
  const type = place?.kind === 'resource' ? place.id.type : undefined;
  const resource = useArm<ShownResource>(id, { watch: { ids: [id] } });
  const schema = useTypeSchema(type);
  const known = schema.isPlaceholderData ? undefined : schema.data;
  const { data, error, refetch, isPlaceholderData } = resource;
  const shown = isPlaceholderData || error !== null ? undefined : data;
  const isGone = error !== null && toFault(error).kind === 'missing';
  const [name, shownType] = [shown?.name, shown?.type ?? type];
  useEffect(() => {
    if (isGone) forget(id);
    else if (name !== undefined && shownType !== undefined) remember({ id, name, type: shownType });
  }, [id, name, shownType, isGone]);
  return (
    <Page
      title={shown?.name ?? decoded(id.split('/').at(-1) ?? '')}
      about={[shown?.type ?? type, known?.summary].filter(Boolean).join(': ')}
      crumbs={crumbsOf(id)}
      actions={shown !== undefined && known?.verbs.includes('delete') === true ? <DeleteButton resource={shown} /> : undefined}
    >
      {error !== null && <FaultPanel error={error} retry={() => void refetch()} />}
      {shown === undefined ? error === null && <Waiting /> : <Tabs resource={shown} schema={known} />}
    </Page>
  );
}

interface TabsProps {
  readonly resource: ShownResource;
  readonly schema: TypeSchema | undefined;
}

function Tabs({ resource, schema }: TabsProps): ReactElement {
  const styles = useStyles();
  const navigate = useNavigate();
  const { tab = 'overview' } = useAddress({ strict: false }) as { readonly tab?: TabName };
  const go = (next: TabName): void =>
    void navigate({
      to: resourceAddress(resource.id),
      search: next === 'overview' ? {} : { tab: next },
      replace: true,
      resetScroll: false,
    });
  const there: Readonly<Record<TabName, boolean>> = {
    overview: true,
    edit: schema?.verbs.includes('put') === true,
    tags: schema?.hasTags === true,
    actions: schema !== undefined && schema.actions.length + schema.reads.length > 0,
    json: true,
    commands: true,
    activity: true,
  };
  return (
    <div className={styles.body}>
      <TabList
        selectedValue={there[tab] ? tab : 'overview'}
        onTabSelect={(_, { value }) => go(value as TabName)}
        aria-label="What is shown"
      >
        {Object.entries(tabs)
          .filter(([name]) => there[name as TabName])
          .map(([name, text]) => (
            <Tab key={name} value={name}>
              {text}
            </Tab>
          ))}
      </TabList>
      <Content tab={there[tab] ? tab : 'overview'} resource={resource} schema={schema} go={go} />
    </div>
  );
}

interface ContentProps extends TabsProps {
  readonly tab: TabName;
  readonly go: (tab: TabName) => void;
}

function Content({ tab, resource, schema, go }: ContentProps): ReactElement {
  switch (tab) {
    case 'overview':
      return <OverviewView resource={resource} schema={schema} />;
    case 'edit':
      return <EditView key={resource.id} resource={resource} schema={schema!} go={go} />;
    case 'tags':
      return <TagsView key={resource.id} resource={resource} onDone={() => go('overview')} />;
    case 'actions':
      return <ActionsView key={resource.id} resource={resource} schema={schema!} />;
    case 'json':
      return <JsonPane value={resource} path={resource.id} bare />;
    case 'commands':
      return <CommandPane calls={[{ method: 'GET', path: resource.id }]} bare />;
    case 'activity':
      return <ActivityView scope={resource.id} />;
  }
}

/** The form is filled once: what the server tells later is compared when it is saved. */
function EditView({ resource, schema, go }: Omit<ContentProps, 'tab'>): ReactElement {
  const [first] = useState(resource);
  const back = (): void => go('overview');
  return <EditResource resource={first} schema={schema!} onDone={back} onCancel={back} />;
}

/** The group and the resources that it lies in. */
function crumbsOf(id: string): readonly Crumb[] {
  const found: Crumb[] = [{ text: 'Resources', to: '/resources' }];
  const place = parsePlace(segmentsOf(id));
  let above = place?.kind === 'resource' ? place.id.parent : undefined;
  const chain: string[] = [];
  while (above !== undefined && chain.length < 8) {
    const at = parsePlace(segmentsOf(above));
    if (at?.kind !== 'resource') break;
    chain.unshift(above);
    above = at.id.parent;
  }
  for (const one of chain) {
    const isSubscription = typeAt(one) === subscriptionType;
    found.push({ text: isSubscription ? 'Subscription' : decoded(one.split('/').at(-1)!), to: resourceAddress(one) });
  }
  return found;
}

function typeAt(id: string): string {
  const place = parsePlace(segmentsOf(id));
  return place?.kind === 'resource' ? place.id.type : '';
}

function decoded(word: string): string {
  try {
    return decodeURIComponent(word);
  } catch {
    return word;
  }
}
