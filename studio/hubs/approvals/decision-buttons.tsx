import { makeStyles, Text, tokens } from '@fluentui/react-components';
import type { ReactElement } from 'react';
import { nameOf, type EndpointConnection } from '#arm/endpoint-connection.ts';
import { write } from '#studio/data/writing.ts';
import { ConfirmButton } from '#studio/parts/confirm-button.tsx';
import { consequence, decisionWriting, verbsFor, type Verb } from './decision.ts';
import { OpensView } from './opens-view.tsx';

const useStyles = makeStyles({
  buttons: { display: 'flex', gap: tokens.spacingHorizontalS },
  about: { display: 'flex', flexDirection: 'column', gap: tokens.spacingVerticalM, marginBottom: tokens.spacingVerticalM },
});

export interface DecisionButtonsProps {
  readonly connection: EndpointConnection;
  readonly etag: string | undefined;
}

/** What can be decided about a connection; each asks for a reason, and says what follows. */
export function DecisionButtons({ connection, etag }: DecisionButtonsProps): ReactElement {
  const styles = useStyles();
  return (
    <span className={styles.buttons}>
      {verbsFor(connection).map((verb) => (
        <ConfirmButton
          key={verb}
          text={verb}
          title={`${verb} ${nameOf(connection.endpoint)}?`}
          reason="Reason"
          {...(verb === 'Approve' && { appearance: 'primary' as const })}
          run={(because) => write(decisionWriting(connection, { verb, because, etag }))}
        >
          <About verb={verb} connection={connection} />
        </ConfirmButton>
      ))}
    </span>
  );
}

function About({ verb, connection }: { readonly verb: Verb; readonly connection: EndpointConnection }): ReactElement {
  const styles = useStyles();
  return (
    <div className={styles.about}>
      <Text>{consequence(verb, connection)}</Text>
      {verb === 'Approve' && <OpensView id={connection.id} endpoint={connection.endpoint} />}
    </div>
  );
}
