import { makeStyles, mergeClasses, Text, tokens } from '@fluentui/react-components';
import { CheckmarkCircleFilled, ErrorCircleFilled } from '@fluentui/react-icons';
import type { ReactElement } from 'react';
import { AppLink } from '#studio/parts/app-link.tsx';
import { resourceAddress } from '#studio/parts/resource-address.ts';
import { countsText, resourceOf, type Hop } from './explain-shape.ts';

const useStyles = makeStyles({
  list: { listStyleType: 'none', margin: 0, padding: 0, display: 'flex', flexDirection: 'column', maxWidth: '860px' },
  hop: {
    display: 'grid',
    gridTemplateColumns: '24px 110px minmax(0, 1fr)',
    gap: tokens.spacingHorizontalM,
    padding: `${tokens.spacingVerticalS} 0`,
    position: 'relative',
    alignItems: 'start',
    // The way from one hop to the next.
    '&:not(:last-child)::before': {
      content: '""',
      position: 'absolute',
      left: '11px',
      top: '30px',
      bottom: '-10px',
      borderLeft: `2px solid ${tokens.colorNeutralStroke2}`,
    },
  },
  icon: { fontSize: '22px', lineHeight: 0, backgroundColor: tokens.colorNeutralBackground1, zIndex: 1 },
  good: { color: tokens.colorStatusSuccessForeground1 },
  bad: { color: tokens.colorStatusDangerForeground1 },
  kind: { fontWeight: tokens.fontWeightSemibold },
  text: { overflowWrap: 'anywhere' },
  spoken: { position: 'absolute', width: '1px', height: '1px', overflow: 'hidden', clipPath: 'inset(50%)' },
});

const words: Readonly<Record<Hop['kind'], string>> = {
  name: 'Name',
  firewall: 'Firewall',
  endpoint: 'Endpoint',
  service: 'Service',
  balancer: 'Balancer',
  backend: 'Backend',
  forwarder: 'Forwarder',
  target: 'Database',
};

export interface PathViewProps {
  readonly hops: readonly Hop[];
  /** An id in the casing of its creation. */
  readonly idOf: (key: string) => string;
}

/** A way hop by hop: as far as it is open, and where it ends. */
export function PathView({ hops, idOf }: PathViewProps): ReactElement {
  const styles = useStyles();
  return (
    <ol className={styles.list} aria-label="The way, hop by hop">
      {hops.map((hop, at) => {
        const { kind, id, ok, detail } = hop;
        const passed = countsText(hop);
        const key = resourceOf(id);
        const resource = key && idOf(key);
        return (
          // The same hop may be there twice, and they have an order.
          <li key={`${at} ${kind} ${id}`} className={styles.hop} data-ok={ok}>
            <span className={mergeClasses(styles.icon, ok ? styles.good : styles.bad)} aria-hidden>
              {ok ? <CheckmarkCircleFilled /> : <ErrorCircleFilled />}
            </span>
            <Text className={styles.kind}>
              {words[kind]}
              <span className={styles.spoken}>{ok ? ': open' : ': the way ends here'}</span>
            </Text>
            <div className={styles.text}>
              <Text block>{detail}</Text>
              {passed !== undefined && (
                <Text block size={200}>
                  {passed}
                </Text>
              )}
              {resource !== undefined && <AppLink to={resourceAddress(resource)}>{resource.slice(resource.lastIndexOf('/') + 1)}</AppLink>}
            </div>
          </li>
        );
      })}
    </ol>
  );
}
