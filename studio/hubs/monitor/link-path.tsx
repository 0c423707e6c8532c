import type { ReactElement } from 'react';
import type { Link } from '#studio/data/link-shapes.ts';
import { useLinkPaths } from '#studio/data/links.ts';
import { Facts } from '#studio/parts/facts.tsx';
import { FaultPanel } from '#studio/parts/fault-panel.tsx';
import { Section } from '#studio/parts/section.tsx';
import { StatusBadge } from '#studio/parts/status-badge.tsx';
import { TimeText } from '#studio/parts/time-text.tsx';
import { bothWaysText, countedTexts, elsewhereText, latestProof, totalText } from './path-words.ts';

/** What the link's worker says that it moved, against what was counted for it. */
export function LinkPath({ link }: { readonly link: Link }): ReactElement | null {
  const { data, error } = useLinkPaths(link);
  const proof = data && latestProof(data);
  if (data === undefined || proof === undefined) return error === null ? null : <FaultPanel error={error} />;
  const worker = proof.ended ? `a ${proof.job} job that has ended` : `a ${proof.job} job that runs`;
  return (
    <Section title="Proof of path" about={proof.says} actions={<StatusBadge state={proof.verdict} />}>
      <Facts
        facts={[
          ['Worker', worker],
          ['Began', <TimeText key="since" at={proof.since} as="exact" />],
          ['It says', proof.said === null ? 'nothing yet' : bothWaysText(proof.said)],
          ['Counted by endpoint', countedTexts(proof).join('; ') || 'nothing'],
          ['Elsewhere', elsewhereText(proof)],
          ['Counted by', proof.engine === 'kernel' ? 'the kernel' : 'the engine in user space'],
          ['All that have ended', data.total === null ? undefined : totalText(data.total)],
        ]}
      />
    </Section>
  );
}
