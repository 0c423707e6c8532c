import {
  Button,
  Dialog,
  DialogActions,
  DialogBody,
  DialogContent,
  DialogSurface,
  DialogTitle,
  Text,
  Tooltip,
} from '@fluentui/react-components';
import { DeleteRegular, PauseRegular, PlayRegular, StopRegular } from '@fluentui/react-icons';
import { useState, type ReactElement } from 'react';
import { linkPath, type Link } from '#studio/data/link-shapes.ts';
import { useWorkspace } from '#studio/data/workspace.ts';
import { write } from '#studio/data/writing.ts';
import { CodeBlock } from './code-block.tsx';
import { ConfirmButton } from './confirm-button.tsx';
import { abandonMeans, deleteMeans, linkMeanings, refusalOf, type LinkVerb } from './link-words.ts';

const pictures: Readonly<Record<LinkVerb, ReactElement>> = {
  start: <PlayRegular />,
  pause: <PauseRegular />,
  resume: <PlayRegular />,
  stop: <StopRegular />,
};

export interface LinkActionsProps {
  readonly link: Pick<Link, 'name'>;
  /** Undefined: not known yet. */
  readonly state: string | undefined;
  /** It is gone: the page about it has nothing to show any more. */
  readonly onDeleted?: () => void;
}

/** Start, pause, resume, stop, delete and abandon, each with what it means before it is done. */
export function LinkActions({ link: { name }, state, onDeleted }: LinkActionsProps): ReactElement {
  const { plane } = useWorkspace();
  const path = linkPath(plane, name);
  const [left, setLeft] = useState<string | undefined>();
  const begins: LinkVerb = state === 'Paused' || state === 'Pausing' || state === 'Resuming' ? 'resume' : 'start';
  const ask = async (verb: LinkVerb): Promise<void> => {
    await write({ title: `${linkMeanings[verb].text} the link ${name}`, method: 'POST', path: `${path}/${verb}` });
  };
  const remove = async (): Promise<void> => {
    // It may wait long for its source, which the notifications tell, as they tell a refusal.
    void write({ title: `Delete the link ${name}`, method: 'DELETE', path }).catch(() => undefined);
    onDeleted?.();
  };
  const abandon = async (): Promise<void> => {
    const answer = await write({ title: `Abandon the link ${name}`, method: 'POST', path: `${path}/abandon` });
    const sql = (answer['sql'] ?? []) as readonly string[];
    if (sql.length === 0) onDeleted?.();
    else setLeft(sql.join('\n'));
  };
  return (
    <>
      {([begins, 'pause', 'stop'] as const).map((verb) => (
        <VerbButton key={verb} verb={verb} name={name} state={state} run={() => ask(verb)} />
      ))}
      <ConfirmButton text="Delete" title={`Delete the link ${name}?`} icon={<DeleteRegular />} run={remove}>
        <Sentences of={deleteMeans} />
      </ConfirmButton>
      <ConfirmButton text="Abandon" title={`Abandon the link ${name}?`} appearance="subtle" run={abandon}>
        <Sentences of={abandonMeans} />
      </ConfirmButton>
      <LeftAtSource sql={left} onClose={() => onDeleted?.()} />
    </>
  );
}

interface VerbButtonProps {
  readonly verb: LinkVerb;
  readonly name: string;
  readonly state: string | undefined;
  readonly run: () => Promise<unknown>;
}

function VerbButton({ verb, name, state, run }: VerbButtonProps): ReactElement {
  const { text, means } = linkMeanings[verb];
  const refusal = refusalOf(verb, state);
  const appearance = verb === 'start' || verb === 'resume' ? 'primary' : 'secondary';
  if (refusal !== undefined)
    return (
      <Tooltip content={refusal} relationship="description">
        <Button disabledFocusable icon={pictures[verb]}>
          {text}
        </Button>
      </Tooltip>
    );
  return (
    <ConfirmButton text={text} title={`${text} the link ${name}?`} appearance={appearance} icon={pictures[verb]} run={run}>
      <Sentences of={means} />
    </ConfirmButton>
  );
}

function Sentences({ of }: { readonly of: readonly string[] }): ReactElement {
  return (
    <>
      {of.map((text) => (
        <Text key={text} as="p" block>
          {text}
        </Text>
      ))}
    </>
  );
}

/** What somebody has to run at the source, should it come back. */
function LeftAtSource({ sql, onClose }: { readonly sql: string | undefined; readonly onClose: () => void }): ReactElement {
  return (
    <Dialog open={sql !== undefined} modalType="alert">
      <DialogSurface>
        <DialogBody>
          <DialogTitle>Left at the source</DialogTitle>
          <DialogContent>
            <Text as="p" block>
              If the source comes back, run this there. Until then it keeps its log for nobody.
            </Text>
            <CodeBlock text={sql ?? ''} what="the SQL" wraps />
          </DialogContent>
          <DialogActions>
            <Button appearance="primary" onClick={onClose}>
              I have kept it
            </Button>
          </DialogActions>
        </DialogBody>
      </DialogSurface>
    </Dialog>
  );
}
