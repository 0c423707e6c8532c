import { Accordion, AccordionHeader, AccordionItem, AccordionPanel, Button, makeStyles, Text, tokens } from '@fluentui/react-components';
import { useMutation } from '@tanstack/react-query';
import { useState, type ReactElement } from 'react';
import type { Fault } from '#base/fault.ts';
import type { JsonObject } from '#arm/resource.ts';
import { arm } from '#studio/data/arm.ts';
import type { ShownResource } from '#studio/data/queries.ts';
import { write } from '#studio/data/writing.ts';
import { CommandPane } from '#studio/parts/command-pane.tsx';
import type { Call } from '#studio/parts/commands.ts';
import { FaultPanel } from '#studio/parts/fault-panel.tsx';
import { JsonPane } from '#studio/parts/json-pane.tsx';
import { ResourceForm } from '#studio/parts/resource-form.tsx';
import { memberLabel } from '#studio/parts/schema/member-label.ts';
import { objectStarterOf } from '#studio/parts/schema/starter.ts';
import type { TypeAction, TypeRead, TypeSchema } from '#studio/parts/schema/type-schema.ts';
import { issuesOf } from '#studio/parts/schema/validate.ts';
import { Section } from '#studio/parts/section.tsx';

const useStyles = makeStyles({
  view: { display: 'flex', flexDirection: 'column', gap: tokens.spacingVerticalL },
  panel: { display: 'flex', flexDirection: 'column', gap: tokens.spacingVerticalM, paddingBottom: tokens.spacingVerticalM },
  about: { color: tokens.colorNeutralForeground2 },
});

interface ActionsProps {
  readonly resource: ShownResource;
  readonly schema: TypeSchema;
}

/** What can be asked of a resource beside reading and writing it. */
export function ActionsView({ resource, schema: { actions, reads } }: ActionsProps): ReactElement {
  const styles = useStyles();
  return (
    <div className={styles.view}>
      {actions.length > 0 && (
        <Section title="What can be done">
          <Accordion collapsible multiple>
            {actions.map((action) => (
              <AccordionItem key={action.name} value={action.name}>
                <AccordionHeader>{memberLabel(action.name)}</AccordionHeader>
                <AccordionPanel>
                  <ActionForm resource={resource} action={action} />
                </AccordionPanel>
              </AccordionItem>
            ))}
          </Accordion>
        </Section>
      )}
      {reads.length > 0 && (
        <Section title="What can be read besides">
          <Accordion collapsible multiple>
            {reads.map((read) => (
              <AccordionItem key={read.name} value={read.name}>
                <AccordionHeader>{memberLabel(read.name)}</AccordionHeader>
                <AccordionPanel>
                  <ReadView resource={resource} read={read} />
                </AccordionPanel>
              </AccordionItem>
            ))}
          </Accordion>
        </Section>
      )}
    </div>
  );
}

function ActionForm({ resource: { id, name }, action }: { readonly resource: ShownResource; readonly action: TypeAction }): ReactElement {
  const styles = useStyles();
  const { input } = action;
  const [body, setBody] = useState<JsonObject>(() => objectStarterOf(input, input));
  const [isReadable, setReadable] = useState(true);
  const [tried, setTried] = useState(false);
  const isForm = Object.keys(input.properties ?? {}).length > 0 || input.type !== 'object';
  const call: Call = { method: 'POST', path: `${id}/${action.name}`, ...(isForm && { body }) };
  const run = useMutation<JsonObject, Fault>({
    mutationFn: () => write({ title: `${memberLabel(action.name)}: ${name}`, method: 'POST', path: call.path, body: isForm ? body : {} }),
  });
  const go = (): void => {
    setTried(true);
    if (issuesOf(body, input).length === 0) run.mutate();
  };
  return (
    <div className={styles.panel}>
      <Text className={styles.about}>{action.summary}</Text>
      {isForm && (
        <ResourceForm schema={input} value={body} onChange={setBody} onReadable={setReadable} showMissing={tried} refusal={run.error} />
      )}
      <div>
        <Button appearance="primary" disabled={run.isPending || !isReadable} onClick={go}>
          Run {action.name}
        </Button>
      </div>
      {run.error !== null && <FaultPanel error={run.error} />}
      {run.data !== undefined && <JsonPane value={run.data} title="Answer" open />}
      <CommandPane calls={[call]} />
    </div>
  );
}

function ReadView({ resource: { id }, read }: { readonly resource: ShownResource; readonly read: TypeRead }): ReactElement {
  const styles = useStyles();
  const path = `${id}/${read.name}`;
  const ask = useMutation<unknown, Fault>({ mutationFn: async () => (await arm.send('GET', path)).body });
  return (
    <div className={styles.panel}>
      <Text className={styles.about}>{read.summary}</Text>
      <div>
        <Button disabled={ask.isPending} onClick={() => ask.mutate()}>
          Read {read.name}
        </Button>
      </div>
      {ask.error !== null && <FaultPanel error={ask.error} />}
      {ask.data !== undefined && <JsonPane value={ask.data} path={path} title="Answer" open />}
    </div>
  );
}
