import { useCallback, useState } from 'react';
import { readDraft, type LinkDraft } from './link-draft.ts';

const place = (workspace: string): string => `isthmus.link-draft ${workspace}`;

export interface KeptDraft {
  readonly draft: LinkDraft;
  readonly change: (change: Partial<LinkDraft>) => void;
  /** The draft is done with. */
  readonly forget: () => void;
}

/** The draft of a workspace's new link: it survives going back and reloading, and ends with the browser's tab. */
export function useDraft(workspace: string): KeptDraft {
  const [draft, setDraft] = useState(() => readDraft(kept(workspace)));
  const change = useCallback(
    (more: Partial<LinkDraft>) =>
      setDraft((before) => {
        const next = { ...before, ...more };
        keep(workspace, JSON.stringify(next));
        return next;
      }),
    [workspace],
  );
  const forget = useCallback(() => {
    keep(workspace, undefined);
    setDraft(readDraft(null));
  }, [workspace]);
  return { draft, change, forget };
}

function kept(workspace: string): string | null {
  try {
    return window.sessionStorage.getItem(place(workspace));
  } catch {
    return null;
  }
}

function keep(workspace: string, text: string | undefined): void {
  try {
    if (text === undefined) window.sessionStorage.removeItem(place(workspace));
    else window.sessionStorage.setItem(place(workspace), text);
  } catch {
    // Without storage it holds until the page is left.
  }
}
