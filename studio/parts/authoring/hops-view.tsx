import {
  makeStyles,
  MessageBar,
  MessageBarBody,
  MessageBarTitle,
  Table,
  TableBody,
  TableCell,
  TableHeader,
  TableHeaderCell,
  TableRow,
  Text,
  tokens,
} from '@fluentui/react-components';
import { CheckmarkCircleFilled, ErrorCircleFilled } from '@fluentui/react-icons';
import type { ReactElement } from 'react';
import { summaryOf, type TestHop, type TestResult } from './connection-test.ts';

const useStyles = makeStyles({
  box: { display: 'flex', flexDirection: 'column', gap: tokens.spacingVerticalS, overflowX: 'auto' },
  good: { color: tokens.colorPaletteGreenForeground1 },
  bad: { color: tokens.colorPaletteRedForeground1 },
  mark: { display: 'inline-flex', alignItems: 'center', gap: tokens.spacingHorizontalXS },
  detail: { overflowWrap: 'anywhere', paddingTop: tokens.spacingVerticalXS, paddingBottom: tokens.spacingVerticalXS },
  name: { width: '150px' },
  state: { width: '90px' },
  ms: { width: '70px', fontVariantNumeric: 'tabular-nums' },
});

/** A test of a connection: each hop from the managed network to the rights in the database, and where it ended. */
export function HopsView({ result }: { readonly result: TestResult }): ReactElement {
  const styles = useStyles();
  const { hops, succeeded, errors, runtime } = result;
  return (
    <div className={styles.box}>
      <MessageBar intent={succeeded ? 'success' : 'error'} layout="multiline" role={succeeded ? 'status' : 'alert'}>
        <MessageBarBody>
          <MessageBarTitle>{succeeded ? 'Connection successful' : (errors[0]?.code ?? 'Connection failed')}</MessageBarTitle>
          {summaryOf(result)}
        </MessageBarBody>
      </MessageBar>
      {hops.length > 0 && (
        <Table size="small" aria-label="Hops of the connection">
          <TableHeader>
            <TableRow>
              <TableHeaderCell className={styles.name}>Hop</TableHeaderCell>
              <TableHeaderCell className={styles.state}>Result</TableHeaderCell>
              <TableHeaderCell className={styles.ms}>ms</TableHeaderCell>
              <TableHeaderCell>What was found</TableHeaderCell>
            </TableRow>
          </TableHeader>
          <TableBody>
            {hops.map((hop, i) => (
              <TableRow key={`${i} ${hop.name}`}>
                <TableCell className={styles.name}>{hop.name}</TableCell>
                <TableCell className={styles.state}>
                  <span className={styles.mark}>
                    {hop.ok ? (
                      <CheckmarkCircleFilled className={styles.good} aria-hidden />
                    ) : (
                      <ErrorCircleFilled className={styles.bad} aria-hidden />
                    )}
                    {hop.ok ? 'ok' : 'failed'}
                  </span>
                </TableCell>
                <TableCell className={styles.ms}>{hop.ms === 0 ? '' : Math.round(hop.ms)}</TableCell>
                <TableCell className={styles.detail}>{hop.ok ? hop.detail : <Failure hop={hop} />}</TableCell>
              </TableRow>
            ))}
          </TableBody>
        </Table>
      )}
      {runtime !== undefined && (
        <Text size={200}>
          By the integration runtime {runtime.name}
          {runtime.isolated !== undefined &&
            (runtime.isolated ? ', isolated by the operating system' : ', not isolated by the operating system')}
          {runtime.startMs !== undefined && `; its worker started in ${Math.round(runtime.startMs)} ms`}.
        </Text>
      )}
    </div>
  );
}

function Failure({ hop }: { readonly hop: TestHop }): ReactElement {
  return (
    <div>
      <div>
        {hop.code !== undefined && <strong>{hop.code}: </strong>}
        {hop.detail}
      </div>
      {hop.side !== undefined && <div>To be mended on {hop.side}.</div>}
      {hop.remedy !== undefined && (
        <div>
          <strong>Remedy:</strong> {hop.remedy}
        </div>
      )}
    </div>
  );
}
