import { makeStyles, MessageBar, MessageBarBody, MessageBarTitle, Text, tokens } from '@fluentui/react-components';
import { useNavigate } from '@tanstack/react-router';
import type { ReactElement } from 'react';
import { objectOf, textOf } from '#arm/client-answer.ts';
import { groupType, subscriptionType } from '#arm/resource-id.ts';
import type { Json } from '#arm/resource.ts';
import { useNames } from '#studio/data/people.ts';
import { useSearch, type ShownResource } from '#studio/data/queries.ts';
import { AppLink } from '#studio/parts/app-link.tsx';
import { CopyButton } from '#studio/parts/copy-button.tsx';
import { Facts, type Fact } from '#studio/parts/facts.tsx';
import { FaultPanel } from '#studio/parts/fault-panel.tsx';
import { Grid } from '#studio/parts/grid.tsx';
import { groupOf, resourceAddress, shortType } from '#studio/parts/resource-address.ts';
import type { TypeSchema } from '#studio/parts/schema/type-schema.ts';
import { Section } from '#studio/parts/section.tsx';
import { StatusBadge } from '#studio/parts/status-badge.tsx';
import { TimeText } from '#studio/parts/time-text.tsx';
import { PropertyTree } from './property-tree.tsx';
import { resourceColumns } from './resource-columns.tsx';
import { stateOf } from './resource-state.ts';

const useStyles = makeStyles({
  id: { display: 'flex', alignItems: 'center', gap: tokens.spacingHorizontalXS },
  view: { display: 'flex', flexDirection: 'column', gap: tokens.spacingVerticalXL, minWidth: 0 },
});

export interface OverviewProps {
  readonly resource: ShownResource;
  /** Undefined: no type is known at this address, as for a part of a resource. */
  readonly schema: TypeSchema | undefined;
}

/** What a resource is, how it stands, and what lies in it. */
export function OverviewView({ resource, schema }: OverviewProps): ReactElement {
  const styles = useStyles();
  const { type, properties } = resource;
  const holds = isHolder(type) || (schema?.children.length ?? 0) > 0;
  const shown = Object.fromEntries(Object.entries(objectOf(properties)).filter(([name]) => !told.has(name)));
  const more = Object.fromEntries(Object.entries(resource as unknown as Record<string, Json>).filter(([name]) => !essentials.has(name)));
  return (
    <div className={styles.view}>
      <StateBar resource={resource} />
      <Section title="Essentials">
        <Essentials resource={resource} />
      </Section>
      {Object.keys({ ...more, ...shown }).length > 0 && (
        <Section title="Properties">
          <PropertyTree value={{ ...more, ...shown }} />
        </Section>
      )}
      {holds && <Children resource={resource} schema={schema} />}
    </div>
  );
}

const told = new Set(['provisioningState', 'provisioningError', 'waitingFor']);
const essentials = new Set(['id', 'name', 'type', 'location', 'tags', 'etag', 'properties', 'systemData']);

function isHolder(type: string): boolean {
  return type === groupType || type === subscriptionType;
}

/** Why it is not as it was asked for. */
function StateBar({ resource: { properties } }: Pick<OverviewProps, 'resource'>): ReactElement | null {
  const { waitingFor, provisioningError } = objectOf(properties);
  const error = objectOf(provisioningError);
  const code = textOf(error['code']);
  if (code !== undefined)
    return (
      <MessageBar intent="error" layout="multiline" role="alert">
        <MessageBarBody>
          <MessageBarTitle>{code}</MessageBarTitle>
          {textOf(error['message'])}
          {textOf(error['remedy']) !== undefined && (
            <div>
              <strong>Remedy:</strong> {textOf(error['remedy'])}
            </div>
          )}
        </MessageBarBody>
      </MessageBar>
    );
  if (textOf(waitingFor) === undefined) return null;
  return (
    <MessageBar intent="info" layout="multiline">
      <MessageBarBody>
        <MessageBarTitle>It waits</MessageBarTitle>
        {textOf(waitingFor)}
      </MessageBarBody>
    </MessageBar>
  );
}

function Essentials({ resource }: Pick<OverviewProps, 'resource'>): ReactElement {
  const styles = useStyles();
  const nameOf = useNames();
  const { id, type, location, tags = {} } = resource;
  const by = objectOf((resource as unknown as Record<string, Json>)['systemData']);
  const group = groupOf(id);
  const state = stateOf(resource);
  const facts: readonly Fact[] = [
    ['State', state && <StatusBadge state={state} />],
    ['Type', type],
    [
      'Resource group',
      group !== undefined && type !== groupType ? (
        <AppLink to={resourceAddress(id.slice(0, id.toLowerCase().indexOf('/resourcegroups/') + 16 + group.length))}>
          {decodeURIComponent(group)}
        </AppLink>
      ) : undefined,
    ],
    ['Location', location],
    [
      'Id',
      <span key="id" className={styles.id}>
        {id} <CopyButton text={id} what="the id" />
      </span>,
    ],
    ['Tags', Object.keys(tags).length === 0 ? undefined : tagText(tags)],
    [
      'Created',
      by['createdAt'] === undefined ? undefined : <Author key="c" at={textOf(by['createdAt'])} name={nameOf(textOf(by['createdBy']))} />,
    ],
    [
      'Changed',
      by['lastModifiedAt'] === undefined ? undefined : (
        <Author key="m" at={textOf(by['lastModifiedAt'])} name={nameOf(textOf(by['lastModifiedBy']))} />
      ),
    ],
  ];
  return <Facts facts={facts} />;
}

function Author({ at, name }: { readonly at: string | undefined; readonly name: string | undefined }): ReactElement {
  return (
    <span>
      <TimeText at={at} /> {name !== undefined && `by ${name}`}
    </span>
  );
}

function tagText(tags: Readonly<Record<string, string>>): string {
  return Object.entries(tags)
    .map(([name, value]) => (value === '' ? name : `${name}: ${value}`))
    .join(', ');
}

function Children({ resource: { id, type }, schema }: OverviewProps): ReactElement {
  const navigate = useNavigate();
  const { resources, count, isPending, error, hasMore, more } = useSearch({
    scope: id,
    ...(!isHolder(type) && schema !== undefined && { types: schema.children }),
    top: 200,
    kinds: ['written', 'settled', 'removed'],
  });
  const rows = resources.filter((one) => one.id.toLowerCase() !== id.toLowerCase());
  const creatable = isHolder(type) ? '/create' : undefined;
  return (
    <Section
      title={count === undefined ? 'What lies in it' : `What lies in it (${rows.length === resources.length ? count : count - 1})`}
      actions={
        creatable === undefined ? (
          schema?.children.map((child) => (
            <AppLink key={child} to={`/create/${child}`} search={{ within: id }}>
              Create {shortType(child).split('/').at(-1)}
            </AppLink>
          ))
        ) : (
          <AppLink to={creatable} search={{ within: id }}>
            Create a resource in it
          </AppLink>
        )
      }
    >
      {error !== null && <FaultPanel error={error} />}
      <Grid
        label="What lies in it"
        columns={resourceColumns}
        rows={rows}
        idOf={(one) => one.id}
        isPending={isPending}
        empty={<Text>Nothing lies in it.</Text>}
        height="420px"
        more={hasMore ? more : undefined}
        onOpen={(one) => void navigate({ to: resourceAddress(one.id) })}
      />
    </Section>
  );
}
