import { Accordion, AccordionHeader, AccordionItem, AccordionPanel, makeStyles, Text, tokens } from '@fluentui/react-components';
import type { ReactElement } from 'react';
import { clientApiVersion } from '#arm/client.ts';
import { CodeBlock } from './code-block.tsx';
import { versioned } from './commands.ts';
import { CopyButton } from './copy-button.tsx';

const useStyles = makeStyles({
  address: { display: 'flex', alignItems: 'center', gap: tokens.spacingHorizontalXS, paddingBottom: tokens.spacingVerticalS },
  path: { fontFamily: tokens.fontFamilyMonospace, fontSize: tokens.fontSizeBase200, overflowWrap: 'anywhere', minWidth: 0 },
});

export interface JsonPaneProps {
  /** What the server answers, or what would be sent. */
  readonly value: unknown;
  /** Where it is read: an id, or an address of a workspace's plane. Undefined: it is read nowhere. */
  readonly path?: string | undefined;
  /** Default: `JSON`. */
  readonly title?: string;
  /** Whether it is open at first. Default: false. */
  readonly open?: boolean;
  /** Without a heading that opens and closes it: where tabs do that. */
  readonly bare?: boolean;
}

/** A resource as the server's interface has it, and the address at which every client reads it. */
export function JsonPane({ value, path, title = 'JSON', open = false, bare = false }: JsonPaneProps): ReactElement {
  const body = <JsonBody value={value} path={path} />;
  if (bare) return body;
  return (
    <Accordion collapsible {...(open && { defaultOpenItems: 'json' })}>
      <AccordionItem value="json">
        <AccordionHeader>{title}</AccordionHeader>
        <AccordionPanel>{body}</AccordionPanel>
      </AccordionItem>
    </Accordion>
  );
}

function JsonBody({ value, path }: Pick<JsonPaneProps, 'value' | 'path'>): ReactElement {
  const styles = useStyles();
  const address = path === undefined ? undefined : `${window.location.origin}${versioned(path, clientApiVersion)}`;
  return (
    <>
      {address !== undefined && (
        <div className={styles.address}>
          <Text className={styles.path}>GET {address}</Text>
          <CopyButton text={address} what="the address" />
        </div>
      )}
      <CodeBlock text={JSON.stringify(value, undefined, 2) ?? ''} what="the JSON" isJson />
    </>
  );
}
