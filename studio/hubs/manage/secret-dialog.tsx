import {
  Button,
  Dialog,
  DialogActions,
  DialogBody,
  DialogContent,
  DialogSurface,
  DialogTitle,
  makeStyles,
  MessageBar,
  MessageBarBody,
  tokens,
} from '@fluentui/react-components';
import type { ReactElement } from 'react';
import { CopyButton } from '#studio/parts/copy-button.tsx';
import { Facts } from '#studio/parts/facts.tsx';
import { TimeText } from '#studio/parts/time-text.tsx';
import type { NewSecret } from './principal.ts';

const useStyles = makeStyles({
  content: { display: 'flex', flexDirection: 'column', gap: tokens.spacingVerticalM },
  value: { display: 'flex', gap: tokens.spacingHorizontalXS, alignItems: 'center' },
  text: { fontFamily: tokens.fontFamilyMonospace, overflowWrap: 'anywhere', minWidth: 0 },
});

/** A secret that is shown this once; with the dialog it is gone from the page. */
export function SecretDialog({ secret, onClose }: { readonly secret: NewSecret; readonly onClose: () => void }): ReactElement {
  const styles = useStyles();
  const value = (text: string, what: string): ReactElement => (
    <span className={styles.value}>
      <code className={styles.text}>{text}</code>
      <CopyButton text={text} what={what} />
    </span>
  );
  return (
    <Dialog open modalType="alert" onOpenChange={(_, { open }) => !open && onClose()}>
      <DialogSurface>
        <DialogBody>
          <DialogTitle>New secret</DialogTitle>
          <DialogContent className={styles.content}>
            <MessageBar intent="warning" layout="multiline">
              <MessageBarBody>Copy the secret now: it is kept nowhere, and never shown again.</MessageBarBody>
            </MessageBar>
            <Facts
              facts={[
                ['Client id', value(secret.clientId, 'the client id')],
                ['Client secret', value(secret.secret, 'the client secret')],
                ['Tenant', value(secret.tenant, 'the tenant')],
                ['Ends', <TimeText key="end" at={secret.end} as="exact" />],
              ]}
            />
          </DialogContent>
          <DialogActions>
            <Button appearance="primary" onClick={onClose}>
              I have copied it
            </Button>
          </DialogActions>
        </DialogBody>
      </DialogSurface>
    </Dialog>
  );
}
