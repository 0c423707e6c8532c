import { Button, Field, Input, makeStyles, MessageBar, MessageBarBody, Tab, TabList, Text, tokens } from '@fluentui/react-components';
import { useNavigate, useParams, useSearch as useAddress } from '@tanstack/react-router';
import { useMemo, useState, type ReactElement } from 'react';
import { linkPath, type Link } from '#studio/data/link-shapes.ts';
import { useLink, useLinkStatus } from '#studio/data/links.ts';
import type { ShownResource } from '#studio/data/queries.ts';
import { useWorkspace } from '#studio/data/workspace.ts';
import { useWrite } from '#studio/data/writing.ts';
import { AppLink } from '#studio/parts/app-link.tsx';
import { CommandPane } from '#studio/parts/command-pane.tsx';
import { FaultPanel } from '#studio/parts/fault-panel.tsx';
import { JsonPane } from '#studio/parts/json-pane.tsx';
import { LinkActions } from '#studio/parts/link-actions.tsx';
import { Page } from '#studio/parts/page.tsx';
import { countText } from '#studio/parts/quantity-words.ts';
import { Section } from '#studio/parts/section.tsx';
import { StatusBadge } from '#studio/parts/status-badge.tsx';
import { Waiting } from '#studio/parts/waiting.tsx';
import { draftOfLink, editsOf, settingsBody, type LinkDraft, type TableEdit } from './link-draft.ts';
import { MappingGrid } from './mapping-grid.tsx';
import { ModeFields } from './step-mode.tsx';
import { TargetOptions } from './step-target.tsx';
import { TableChooser } from './table-chooser.tsx';
import { mappingProblems, stepProblems } from './wizard-steps.ts';

const useStyles = makeStyles({
  line: { display: 'flex', flexWrap: 'wrap', alignItems: 'center', gap: tokens.spacingHorizontalM },
  field: { maxWidth: '480px' },
});

const tabs = { tables: 'Tables', mapping: 'Where tables go', settings: 'Settings', json: 'JSON and commands' } as const;
type TabName = keyof typeof tabs;
const crumbs = [{ text: 'Integrate', to: '/integrate' }];

/** A link that is there: its tables and settings are changed, also while it runs. */
export function EditPage(): ReactElement {
  const { name = '' } = useParams({ strict: false });
  const { current, error: noWorkspace } = useWorkspace();
  const link = useLink(name);
  const error = noWorkspace ?? link.error;
  const shown = link.data?.name === name ? link.data : undefined;
  if (shown === undefined || current === undefined)
    return (
      <Page title={name} crumbs={crumbs}>
        {error === null ? <Waiting /> : <FaultPanel error={error} retry={() => void link.refetch()} />}
      </Page>
    );
  return <Editor key={shown.id} link={shown} workspace={current} />;
}

interface EditorProps {
  readonly link: Link;
  readonly workspace: ShownResource;
}

function Editor({ link, workspace }: EditorProps): ReactElement {
  const styles = useStyles();
  const navigate = useNavigate();
  const address = useAddress({ strict: false }) as { readonly tab?: string; readonly table?: string };
  const tab: TabName = Object.hasOwn(tabs, address.tab ?? '') ? (address.tab as TabName) : 'tables';
  const { data: status } = useLinkStatus(link.name);
  const [base, setBase] = useState(link);
  const [draft, setDraft] = useState<LinkDraft>(() => draftOfLink(link));
  const [follows, setFollows] = useState(false);
  const state = status?.name === link.name ? status.status : undefined;
  const go = (search: { readonly tab?: string; readonly table?: string }): void =>
    void navigate({ to: `/integrate/link/${encodeURIComponent(link.name)}`, search: search as never, replace: true });
  const take = (): void => {
    setBase(link);
    setDraft(draftOfLink(link));
  };
  // What was written by this page itself is taken as it comes.
  if (follows && link.etag !== base.etag) {
    setFollows(false);
    take();
  }
  const change = (more: Partial<LinkDraft>): void => setDraft((before) => ({ ...before, ...more }));
  const shown = { link: base, workspace, draft, state };
  return (
    <Page
      title={link.name}
      crumbs={crumbs}
      about={
        <span className={styles.line}>
          {state !== undefined && <StatusBadge state={state} />}
          <Text>{link.description ?? ''}</Text>
          <AppLink to={`/monitor/link/${encodeURIComponent(link.name)}`}>Monitor</AppLink>
        </span>
      }
      actions={<LinkActions link={link} state={state} onDeleted={() => void navigate({ to: '/integrate' })} />}
    >
      {link.etag !== base.etag && (
        <MessageBar intent="warning" layout="multiline">
          <MessageBarBody>
            The link was written since this page was filled. What you changed is still here.{' '}
            <Button size="small" onClick={take}>
              Take what is saved now
            </Button>
          </MessageBarBody>
        </MessageBar>
      )}
      <TabList selectedValue={tab} onTabSelect={(_, { value }) => go({ tab: value as string })} aria-label="About the link">
        {Object.entries(tabs).map(([value, text]) => (
          <Tab key={value} value={value}>
            {text}
          </Tab>
        ))}
      </TabList>
      {tab === 'tables' && (
        <TableChooser
          workspace={workspace}
          draft={draft}
          opened={address.table}
          onOpen={(table) => go({ tab, ...(table !== undefined && { table }) })}
          onChange={(tables) => change({ tables })}
        />
      )}
      {tab === 'mapping' && <MappingGrid draft={draft} onChange={(tables) => change({ tables })} />}
      {(tab === 'tables' || tab === 'mapping') && <TableEdits {...shown} onReset={take} onSaved={() => setFollows(true)} />}
      {tab === 'settings' && <Settings {...shown} onChange={change} onSaved={() => setFollows(true)} />}
      {tab === 'json' && <LinkJson link={link} />}
    </Page>
  );
}

interface ShownProps extends EditorProps {
  readonly draft: LinkDraft;
  readonly state: string | undefined;
}

interface TableEditsProps extends ShownProps {
  readonly onReset: () => void;
  readonly onSaved: () => void;
}

/** What `edittables` is asked for, with what it means. */
function TableEdits({ link, draft, state, onReset, onSaved }: TableEditsProps): ReactElement | null {
  const styles = useStyles();
  const { plane } = useWorkspace();
  const writing = useWrite(onSaved);
  const edits = useMemo(() => editsOf(link.properties.linkTables ?? [], draft), [link, draft]);
  const problems = mappingProblems(draft).slice(0, 5);
  if (edits.length === 0) return null;
  const path = `${linkPath(plane, link.name)}/edittables`;
  const body = { linkTables: edits as unknown as readonly never[] };
  return (
    <Section title="Changes of tables" about={`${editsText(edits)}. ${meaningOf(edits, state)}`}>
      {problems.length > 0 && <Text role="alert">{problems.join(' ')}</Text>}
      {writing.error !== null && <FaultPanel error={writing.error} />}
      <div className={styles.line}>
        <Button
          appearance="primary"
          disabled={writing.isPending || problems.length > 0}
          onClick={() => writing.mutate({ title: `Change the tables of the link ${link.name}`, method: 'POST', path, body })}
        >
          Apply changes
        </Button>
        <Button disabled={writing.isPending} onClick={onReset}>
          Take back
        </Button>
      </div>
      <CommandPane calls={[{ method: 'POST', path, body }]} />
    </Section>
  );
}

function editsText(edits: readonly TableEdit[]): string {
  const words = { add: 'added', update: 'changed', remove: 'removed' } as const;
  const parts = (['add', 'update', 'remove'] as const).flatMap((type) => {
    const count = edits.filter(({ operationType }) => operationType === type).length;
    return count === 0 ? [] : [`${countText(count)} ${words[type]}`];
  });
  return parts.join(', ');
}

function meaningOf(edits: readonly TableEdit[], state: string | undefined): string {
  if (state === undefined || state === 'Initial' || state === 'Stopped') return 'It holds from the next start on.';
  const adds = edits.some(({ operationType }) => operationType === 'add');
  const removes = edits.some(({ operationType }) => operationType === 'remove');
  return [
    ...(adds ? ['Tables that are added are copied, then followed.'] : []),
    ...(removes ? ['Tables that are removed stay in the pool as they are, and are no longer kept true.'] : []),
    'Others go on undisturbed.',
  ].join(' ');
}

interface SettingsProps extends ShownProps {
  readonly onChange: (change: Partial<LinkDraft>) => void;
  readonly onSaved: () => void;
}

/** What a link is asked beside its tables. */
function Settings({ link, workspace, draft, onChange, onSaved }: SettingsProps): ReactElement {
  const styles = useStyles();
  const { plane } = useWorkspace();
  const writing = useWrite(onSaved);
  const path = linkPath(plane, link.name);
  const body = settingsBody(link, draft, workspace.name);
  const problems = stepProblems('mode', draft);
  return (
    <>
      <Field label="Description" className={styles.field}>
        <Input value={draft.description} maxLength={4_000} onChange={(_, { value }) => onChange({ description: value })} />
      </Field>
      <ModeFields draft={draft} onChange={onChange} />
      <TargetOptions draft={draft} onChange={onChange} />
      {problems.length > 0 && <Text role="alert">{problems.join(' ')}</Text>}
      {writing.error !== null && <FaultPanel error={writing.error} />}
      <div className={styles.line}>
        <Button
          appearance="primary"
          disabled={writing.isPending || problems.length > 0}
          onClick={() => writing.mutate({ title: `Save the link ${link.name}`, method: 'PUT', path, body, ifMatch: link.etag })}
        >
          Save settings
        </Button>
      </div>
      <JsonPane title="JSON that is saved" value={body} />
      <CommandPane calls={[{ method: 'PUT', path, body }]} />
    </>
  );
}

function LinkJson({ link }: { readonly link: Link }): ReactElement {
  const { plane } = useWorkspace();
  const path = linkPath(plane, link.name);
  return (
    <>
      <JsonPane value={link} path={path} open />
      <CommandPane open calls={[{ method: 'GET', path }]} />
    </>
  );
}
