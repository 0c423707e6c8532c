import {
  Button,
  Dialog,
  DialogActions,
  DialogBody,
  DialogContent,
  DialogSurface,
  DialogTitle,
  DialogTrigger,
  Field,
  Textarea,
  type ButtonProps,
} from '@fluentui/react-components';
import { useState, type ReactElement, type ReactNode } from 'react';
import { FaultPanel } from './fault-panel.tsx';

export interface ConfirmButtonProps {
  /** On the button, and on the one that does it: `Reject`. */
  readonly text: string;
  /** As a question: `Reject shop-pe?`. */
  readonly title: string;
  /** What follows from it. */
  readonly children?: ReactNode;
  /** Asks for a reason, which is handed over; shown with this label. */
  readonly reason?: string;
  readonly appearance?: ButtonProps['appearance'];
  readonly icon?: ButtonProps['icon'];
  readonly disabled?: boolean;
  /** Closes when it resolves; a fault is shown in the dialog. */
  readonly run: (reason: string) => Promise<unknown>;
}

/** A button for what cannot be taken back: it asks first. */
export function ConfirmButton({ text, title, children, reason, appearance, icon, disabled, run }: ConfirmButtonProps): ReactElement {
  const [open, setOpen] = useState(false);
  const [because, setBecause] = useState('');
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>();
  const go = async (): Promise<void> => {
    setBusy(true);
    setError(undefined);
    try {
      await run(because.trim());
      setOpen(false);
      setBecause('');
    } catch (trouble) {
      setError(trouble);
    } finally {
      setBusy(false);
    }
  };
  return (
    <Dialog open={open} onOpenChange={(_, data) => setOpen(data.open)}>
      <DialogTrigger disableButtonEnhancement>
        <Button {...(appearance && { appearance })} {...(icon && { icon })} disabled={disabled === true}>
          {text}
        </Button>
      </DialogTrigger>
      <DialogSurface>
        <DialogBody>
          <DialogTitle>{title}</DialogTitle>
          <DialogContent>
            {children}
            {reason !== undefined && (
              <Field label={reason} required>
                <Textarea value={because} onChange={(_, { value }) => setBecause(value)} maxLength={1_000} />
              </Field>
            )}
            {error !== undefined && <FaultPanel error={error} />}
          </DialogContent>
          <DialogActions>
            <DialogTrigger disableButtonEnhancement>
              <Button disabled={busy}>Cancel</Button>
            </DialogTrigger>
            <Button appearance="primary" disabled={busy || (reason !== undefined && because.trim() === '')} onClick={() => void go()}>
              {text}
            </Button>
          </DialogActions>
        </DialogBody>
      </DialogSurface>
    </Dialog>
  );
}
