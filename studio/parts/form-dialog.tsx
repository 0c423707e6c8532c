import {
  Button,
  Dialog,
  DialogActions,
  DialogBody,
  DialogContent,
  DialogSurface,
  DialogTitle,
  DialogTrigger,
  makeStyles,
  Text,
  tokens,
  type ButtonProps,
} from '@fluentui/react-components';
import { useState, type ReactElement, type ReactNode } from 'react';
import { CommandPane, type CommandPaneProps } from './command-pane.tsx';
import { FaultPanel } from './fault-panel.tsx';

const useStyles = makeStyles({
  form: { display: 'flex', flexDirection: 'column', gap: tokens.spacingVerticalM },
  title: { overflowWrap: 'anywhere' },
  problem: { color: tokens.colorPaletteRedForeground1 },
});

export interface FormDialogProps {
  /** On the button that opens it. */
  readonly text: string;
  readonly title: string;
  /** On the button that sends it. */
  readonly submit: string;
  /** What keeps it from being sent; told when it is tried. */
  readonly problem?: string | undefined;
  /** The requests that it sends, for the commands that do the same. */
  readonly calls?: CommandPaneProps['calls'];
  readonly appearance?: ButtonProps['appearance'];
  readonly disabled?: boolean;
  readonly onOpen?: () => void;
  /** Closes when it resolves; a fault is shown in the dialog. */
  readonly run: () => Promise<unknown>;
  /** Fields. */
  readonly children: ReactNode;
}

/** A button that opens a short form. */
export function FormDialog(props: FormDialogProps): ReactElement {
  const { text, title, appearance = 'primary', disabled, onOpen } = props;
  const [open, setOpen] = useState(false);
  return (
    <Dialog
      open={open}
      onOpenChange={(_, data) => {
        if (data.open) onOpen?.();
        setOpen(data.open);
      }}
    >
      <DialogTrigger disableButtonEnhancement>
        <Button appearance={appearance} disabled={disabled === true}>
          {text}
        </Button>
      </DialogTrigger>
      <DialogSurface>{open && <Form {...props} title={title} close={() => setOpen(false)} />}</DialogSurface>
    </Dialog>
  );
}

function Form({ title, submit, problem, calls, run, children, close }: FormDialogProps & { readonly close: () => void }): ReactElement {
  const styles = useStyles();
  const [isTried, setTried] = useState(false);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>();
  const go = async (): Promise<void> => {
    setTried(true);
    if (problem !== undefined) return;
    setBusy(true);
    setError(undefined);
    try {
      await run();
      close();
    } catch (trouble) {
      setError(trouble);
    } finally {
      setBusy(false);
    }
  };
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        event.stopPropagation();
        void go();
      }}
    >
      <DialogBody>
        <DialogTitle className={styles.title}>{title}</DialogTitle>
        <DialogContent className={styles.form}>
          {children}
          {isTried && problem !== undefined && (
            <Text role="alert" className={styles.problem}>
              {problem}
            </Text>
          )}
          {error !== undefined && <FaultPanel error={error} />}
          {calls !== undefined && <CommandPane calls={calls} />}
        </DialogContent>
        <DialogActions>
          <DialogTrigger disableButtonEnhancement>
            <Button disabled={busy}>Cancel</Button>
          </DialogTrigger>
          <Button type="submit" appearance="primary" disabled={busy}>
            {submit}
          </Button>
        </DialogActions>
      </DialogBody>
    </form>
  );
}
