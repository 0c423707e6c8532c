import { Button } from '@fluentui/react-components';
import { CheckmarkRegular, CopyRegular } from '@fluentui/react-icons';
import { useState, type ReactElement } from 'react';

const saidMs = 2_000;

/** Puts a text on the clipboard. `what`: for screen readers: `the script`. */
export function CopyButton({ text, what }: { readonly text: string; readonly what: string }): ReactElement {
  const [done, setDone] = useState(false);
  const copy = async (): Promise<void> => {
    await navigator.clipboard.writeText(text);
    setDone(true);
    setTimeout(() => setDone(false), saidMs);
  };
  const label = done ? 'Copied' : `Copy ${what}`;
  return (
    <Button
      size="small"
      appearance="subtle"
      icon={done ? <CheckmarkRegular /> : <CopyRegular />}
      aria-label={label}
      title={label}
      onClick={() => void copy()}
    />
  );
}
