import { Toast, ToastBody, Toaster, ToastTitle, useId, useToastController } from '@fluentui/react-components';
import { useEffect, useRef, type ReactElement } from 'react';
import { notices, type Notice } from '#studio/data/notices.ts';
import { useObservable } from '#studio/data/observable.ts';

const shownMs = 5_000;

/** Says for a moment what has just been done or refused, where the page does not; the bell keeps it. */
export function NoticeToasts(): ReactElement {
  const toaster = useId('notices');
  const { dispatchToast } = useToastController(toaster);
  const all = useObservable(notices);
  const told = useRef(new Set<number>());
  useEffect(() => {
    for (const { id, state, title, fault, isToldInPage } of all) {
      if (state === 'running' || isToldInPage === true || told.current.has(id)) continue;
      told.current.add(id);
      dispatchToast(
        <Toast>
          <ToastTitle>{title}</ToastTitle>
          {fault !== undefined && <ToastBody>{fault.message}</ToastBody>}
        </Toast>,
        { intent: intents[state], timeout: fault === undefined ? shownMs : 3 * shownMs },
      );
    }
  }, [all, dispatchToast]);
  return <Toaster toasterId={toaster} position="bottom-end" />;
}

const intents: Readonly<Record<Exclude<Notice['state'], 'running'>, 'success' | 'error'>> = { done: 'success', failed: 'error' };
