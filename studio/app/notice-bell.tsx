import {
  Badge,
  Button,
  makeStyles,
  OverlayDrawer,
  DrawerBody,
  DrawerHeader,
  DrawerHeaderTitle,
  Spinner,
  Text,
  tokens,
} from '@fluentui/react-components';
import { AlertRegular, CheckmarkCircleRegular, DismissRegular } from '@fluentui/react-icons';
import { useState, type ReactElement } from 'react';
import { dismissAll, notices, type Notice } from '#studio/data/notices.ts';
import { useObservable } from '#studio/data/observable.ts';
import { FaultPanel } from '#studio/parts/fault-panel.tsx';

const useStyles = makeStyles({
  bell: { position: 'relative' },
  list: { display: 'flex', flexDirection: 'column', gap: tokens.spacingVerticalM, paddingBottom: tokens.spacingVerticalL },
  one: { display: 'flex', flexDirection: 'column', gap: tokens.spacingVerticalXXS, overflowWrap: 'anywhere' },
  line: { display: 'flex', gap: tokens.spacingHorizontalS, alignItems: 'center' },
  quiet: { color: tokens.colorNeutralForeground3 },
});

/** What was asked for from this page, and what became of it. */
export function NoticeBell(): ReactElement {
  const styles = useStyles();
  const all = useObservable(notices);
  const [open, setOpen] = useState(false);
  const running = all.filter(({ state }) => state === 'running').length;
  const label = running === 0 ? `Notifications: ${all.length}` : `Notifications: ${running} running`;
  return (
    <>
      <Button appearance="subtle" icon={<AlertRegular />} aria-label={label} title={label} onClick={() => setOpen(true)}>
        {all.length > 0 && (
          <Badge size="small" color={running > 0 ? 'brand' : 'informative'}>
            {running > 0 ? running : all.length}
          </Badge>
        )}
      </Button>
      <OverlayDrawer position="end" open={open} onOpenChange={(_, data) => setOpen(data.open)} aria-label="Notifications">
        <DrawerHeader>
          <DrawerHeaderTitle
            action={<Button appearance="subtle" aria-label="Close" icon={<DismissRegular />} onClick={() => setOpen(false)} />}
          >
            Notifications
          </DrawerHeaderTitle>
        </DrawerHeader>
        <DrawerBody>
          <div className={styles.list}>
            {all.length === 0 && <Text>Nothing was asked for from this page yet.</Text>}
            {all.map((one) => (
              <OneNotice key={one.id} notice={one} />
            ))}
            {all.length > 0 && <Button onClick={dismissAll}>Dismiss what is done</Button>}
          </div>
        </DrawerBody>
      </OverlayDrawer>
    </>
  );
}

function OneNotice({ notice: { title, state, atMs, progress, fault } }: { readonly notice: Notice }): ReactElement {
  const styles = useStyles();
  return (
    <div className={styles.one}>
      <div className={styles.line}>
        {state === 'running' && <Spinner size="extra-tiny" />}
        {state === 'done' && <CheckmarkCircleRegular aria-label="Done" />}
        <Text weight="semibold">{title}</Text>
      </div>
      <Text size={200} className={styles.quiet}>
        {new Date(atMs).toLocaleTimeString()} {progress ?? (state === 'done' ? 'Done.' : '')}
      </Text>
      {fault !== undefined && <FaultPanel error={fault} />}
    </div>
  );
}
