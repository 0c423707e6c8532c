import {
  Accordion,
  AccordionHeader,
  AccordionItem,
  AccordionPanel,
  makeStyles,
  Tab,
  TabList,
  Text,
  tokens,
} from '@fluentui/react-components';
import { useState, type ReactElement } from 'react';
import { clientApiVersion } from '#arm/client.ts';
import { CodeBlock } from './code-block.tsx';
import { azCommand, isthmusCommand, sdkSnippet, type Call, type CommandPlace } from './commands.ts';

const useStyles = makeStyles({
  pane: { display: 'flex', flexDirection: 'column', gap: tokens.spacingVerticalS, minWidth: 0 },
  note: { color: tokens.colorNeutralForeground2 },
});

export interface CommandPaneProps {
  /** What is done, in order. */
  readonly calls: readonly Call[];
  /** Default: `Commands that do the same`. */
  readonly title?: string;
  /** Whether it is open at first. Default: false. */
  readonly open?: boolean;
  /** Without a heading that opens and closes it: where tabs do that. */
  readonly bare?: boolean;
}

/** The commands that do the same as this page does: of this program, of Azure's command line, of Microsoft's SDK. */
export function CommandPane({ calls, title = 'Commands that do the same', open = false, bare = false }: CommandPaneProps): ReactElement {
  if (bare) return <Commands calls={calls} />;
  return (
    <Accordion collapsible {...(open && { defaultOpenItems: 'commands' })}>
      <AccordionItem value="commands">
        <AccordionHeader>{title}</AccordionHeader>
        <AccordionPanel>
          <Commands calls={calls} />
        </AccordionPanel>
      </AccordionItem>
    </Accordion>
  );
}

const ways = {
  isthmus: { text: 'isthmus', of: (call: Call) => isthmusCommand(call), between: '\n' },
  az: { text: 'az', of: azCommand, between: '\n' },
  sdk: { text: 'SDK for TypeScript', of: sdkSnippet, between: '\n\n' },
} as const;
type Way = keyof typeof ways;

function Commands({ calls }: Pick<CommandPaneProps, 'calls'>): ReactElement {
  const styles = useStyles();
  const [way, setWay] = useState<Way>('isthmus');
  const place: CommandPlace = { origin: window.location.origin, apiVersion: clientApiVersion };
  const { of, between } = ways[way];
  const text = calls.map((call) => of(call, place)).join(between);
  return (
    <div className={styles.pane}>
      <TabList size="small" selectedValue={way} onTabSelect={(_, { value }) => setWay(value as Way)} aria-label="Client">
        {Object.entries(ways).map(([value, one]) => (
          <Tab key={value} value={value}>
            {one.text}
          </Tab>
        ))}
      </TabList>
      <CodeBlock text={text} what="the command" wraps />
      {way === 'az' && (
        <Text size={200} className={styles.note}>
          In the cloud that was registered for this server: az cloud register -n Isthmus --endpoint-resource-manager {place.origin}
        </Text>
      )}
      {/<\w+>/.test(text) && (
        <Text size={200} className={styles.note}>
          Secrets are not filled in: put them in place of what stands in angle brackets.
        </Text>
      )}
    </div>
  );
}
