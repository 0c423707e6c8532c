import { Breadcrumb, BreadcrumbDivider, BreadcrumbItem, makeStyles, Title2, Text, tokens } from '@fluentui/react-components';
import { Fragment, useEffect, type ReactElement, type ReactNode } from 'react';
import { AppLink } from './app-link.tsx';

const useStyles = makeStyles({
  page: { display: 'flex', flexDirection: 'column', gap: tokens.spacingVerticalL, minWidth: 0 },
  head: { display: 'flex', flexWrap: 'wrap', alignItems: 'start', gap: tokens.spacingHorizontalM, justifyContent: 'space-between' },
  titles: { display: 'flex', flexDirection: 'column', minWidth: 0, overflowWrap: 'anywhere' },
  actions: { display: 'flex', flexWrap: 'wrap', gap: tokens.spacingHorizontalS },
  about: { color: tokens.colorNeutralForeground2 },
});

export interface Crumb {
  readonly text: string;
  readonly to: string;
}

export interface PageProps {
  /** Also the document's title. */
  readonly title: string;
  /** What can be done here, as one sentence. */
  readonly about?: ReactNode;
  readonly crumbs?: readonly Crumb[];
  /** Buttons. */
  readonly actions?: ReactNode;
  readonly children?: ReactNode;
}

/** One page: its heading, the way to it, what can be done, and what it shows. */
export function Page({ title, about, crumbs = [], actions, children }: PageProps): ReactElement {
  const styles = useStyles();
  useEffect(() => {
    document.title = `${title} · Isthmus Studio`;
  }, [title]);
  return (
    <div className={styles.page}>
      <div>
        {crumbs.length > 0 && (
          <Breadcrumb aria-label="Where this is" size="small">
            {crumbs.map(({ text, to }) => (
              <Fragment key={to}>
                <BreadcrumbItem>
                  <AppLink to={to}>{text}</AppLink>
                </BreadcrumbItem>
                <BreadcrumbDivider />
              </Fragment>
            ))}
          </Breadcrumb>
        )}
        <div className={styles.head}>
          <div className={styles.titles}>
            <Title2 as="h1">{title}</Title2>
            {about !== undefined && <Text className={styles.about}>{about}</Text>}
          </div>
          {actions !== undefined && <div className={styles.actions}>{actions}</div>}
        </div>
      </div>
      {children}
    </div>
  );
}
