import { Button, makeStyles, tokens } from '@fluentui/react-components';
import { useMemo, useState, type ReactElement } from 'react';
import type { Finding } from '#studio/data/link-shapes.ts';
import { CopyButton } from '#studio/parts/copy-button.tsx';
import { sqlOf } from '#studio/parts/link-words.ts';
import { countText } from '#studio/parts/quantity-words.ts';
import { TroubleBar } from '#studio/parts/trouble-bar.tsx';
import { gatheredFindings, keyOfFinding } from './column-plan.ts';

const useStyles = makeStyles({
  list: { display: 'flex', flexDirection: 'column', gap: tokens.spacingVerticalS },
  bar: { display: 'flex', alignItems: 'center', gap: tokens.spacingHorizontalS },
});
const atFirst = 8;
const step = 50;

/** What was found at the source and on the way there, the gravest first, with the SQL that mends it. */
export function FindingList({ findings }: { readonly findings: readonly Finding[] }): ReactElement | null {
  const styles = useStyles();
  const [count, setCount] = useState(atFirst);
  const sorted = useMemo(() => gatheredFindings(findings), [findings]);
  const sql = useMemo(() => [...new Set(findings.flatMap(({ remedy }) => sqlOf(remedy) ?? []))], [findings]);
  if (sorted.length === 0) return null;
  return (
    <div className={styles.list}>
      {sql.length > 1 && (
        <span className={styles.bar}>
          {`All ${countText(sql.length)} statements that mend what was found:`}
          <CopyButton text={sql.join('\n')} what="all the SQL" />
        </span>
      )}
      {sorted.slice(0, count).map((finding) => (
        <TroubleBar key={keyOfFinding(finding)} trouble={finding} severity={finding.severity} />
      ))}
      {sorted.length > count && <Button onClick={() => setCount(count + step)}>{`Show more of ${countText(sorted.length)}`}</Button>}
    </div>
  );
}
