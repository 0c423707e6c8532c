import {
  Button,
  Dialog,
  DialogActions,
  DialogBody,
  DialogContent,
  DialogSurface,
  DialogTitle,
  makeStyles,
  Table,
  TableBody,
  TableCell,
  TableHeader,
  TableHeaderCell,
  TableRow,
  Text,
  tokens,
} from '@fluentui/react-components';
import type { ReactElement } from 'react';
import type { Json, JsonObject } from '#arm/resource.ts';
import { canKeepBoth, placeText, threeWay, type ThreeWay } from './schema/three-way.ts';
import { withoutSecrets } from './without-secrets.ts';

const useStyles = makeStyles({
  surface: { maxWidth: 'min(1000px, 92vw)' },
  value: {
    fontFamily: tokens.fontFamilyMonospace,
    fontSize: tokens.fontSizeBase200,
    overflowWrap: 'anywhere',
    whiteSpace: 'pre-wrap',
    verticalAlign: 'top',
    paddingTop: tokens.spacingVerticalS,
    paddingBottom: tokens.spacingVerticalS,
  },
  changed: { fontWeight: tokens.fontWeightSemibold },
  actions: { flexWrap: 'wrap' },
});

export interface CompareDialogProps {
  /** What it is called: `shop-net`. */
  readonly name: string;
  /** What the form was filled from. */
  readonly had: JsonObject;
  /** What somebody else has made of it since. */
  readonly now: JsonObject;
  readonly want: JsonObject;
  /** Members of the body that are secrets by the type's schema. */
  readonly secrets?: readonly string[];
  readonly busy?: boolean;
  readonly onTakeTheirs: () => void;
  /** Can be chosen where nobody has changed the same. */
  readonly onKeepBoth?: () => void;
  readonly onWriteMine: () => void;
  /** Back to the form, with nothing changed. */
  readonly onBack: () => void;
}

/** Somebody else was quicker: what both have changed, and what is to become of it. */
export function CompareDialog(props: CompareDialogProps): ReactElement {
  const { name, had, now, want, secrets, busy = false, onTakeTheirs, onWriteMine, onKeepBoth, onBack } = props;
  const styles = useStyles();
  const plain = (value: Json | undefined, { path }: ThreeWay): string => {
    const word = String(path.at(-1) ?? '');
    return valueText(value === undefined ? undefined : (withoutSecrets({ [word]: value }, secrets) as JsonObject)[word]);
  };
  const differences = threeWay(had, now, want);
  const isMergeable = canKeepBoth(differences);
  return (
    <Dialog open modalType="alert" onOpenChange={(_, { open }) => !open && onBack()}>
      <DialogSurface className={styles.surface}>
        <DialogBody>
          <DialogTitle>{name} was changed by somebody else</DialogTitle>
          <DialogContent>
            <Text>Nothing of yours is written yet. This is what differs:</Text>
            <Table size="small" aria-label="What differs">
              <TableHeader>
                <TableRow>
                  {['Where', 'What you had', 'What is there now', 'What you want'].map((title) => (
                    <TableHeaderCell key={title}>{title}</TableHeaderCell>
                  ))}
                </TableRow>
              </TableHeader>
              <TableBody>
                {differences.map((one) => (
                  <TableRow key={placeText(one)}>
                    <TableCell className={styles.value}>{placeText(one)}</TableCell>
                    <TableCell className={styles.value}>{plain(one.had, one)}</TableCell>
                    <TableCell className={styles.value}>{plain(one.now, one)}</TableCell>
                    <TableCell className={styles.value}>{plain(one.want, one)}</TableCell>
                  </TableRow>
                ))}
              </TableBody>
            </Table>
          </DialogContent>
          <DialogActions className={styles.actions} fluid>
            <Button disabled={busy} onClick={onBack}>
              Back to the form
            </Button>
            <Button disabled={busy} onClick={onTakeTheirs}>
              Take theirs
            </Button>
            <Button disabled={busy} {...(onKeepBoth === undefined && { appearance: 'primary' })} onClick={onWriteMine}>
              Write mine over it
            </Button>
            {onKeepBoth !== undefined && (
              <Button
                appearance="primary"
                disabled={busy || !isMergeable}
                title={isMergeable ? '' : 'You both have changed the same: decide for one of them.'}
                onClick={onKeepBoth}
              >
                Keep both
              </Button>
            )}
          </DialogActions>
        </DialogBody>
      </DialogSurface>
    </Dialog>
  );
}

const longest = 400;

function valueText(value: Json | undefined): string {
  if (value === undefined) return 'nothing';
  const text = typeof value === 'string' ? value : JSON.stringify(value, undefined, 1);
  return text.length > longest ? `${text.slice(0, longest)} …` : text;
}
