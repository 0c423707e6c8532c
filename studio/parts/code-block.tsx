import { makeStyles, mergeClasses, tokens } from '@fluentui/react-components';
import { memo, useMemo, type ReactElement } from 'react';
import { CopyButton } from './copy-button.tsx';
import { jsonTokens, type JsonToken } from './json-tokens.ts';

/** Longer texts are shown in one colour: thousands of coloured parts are slow. */
const mostColoured = 60_000;

const useStyles = makeStyles({
  box: { position: 'relative', minWidth: 0 },
  copy: { position: 'absolute', top: tokens.spacingVerticalXS, right: tokens.spacingHorizontalM },
  code: {
    margin: 0,
    padding: tokens.spacingHorizontalM,
    paddingRight: '56px',
    maxHeight: '480px',
    overflow: 'auto',
    backgroundColor: tokens.colorNeutralBackground3,
    color: tokens.colorNeutralForeground1,
    borderRadius: tokens.borderRadiusMedium,
    fontFamily: tokens.fontFamilyMonospace,
    fontSize: tokens.fontSizeBase200,
    lineHeight: tokens.lineHeightBase300,
    tabSize: 2,
    ':focus-visible': { outline: `2px solid ${tokens.colorStrokeFocus2}` },
  },
  wrap: { whiteSpace: 'pre-wrap', overflowWrap: 'anywhere' },
  name: { color: tokens.colorPaletteBlueForeground2 },
  text: { color: tokens.colorPaletteGreenForeground1 },
  number: { color: tokens.colorPaletteDarkOrangeForeground1 },
  word: { color: tokens.colorPaletteBerryForeground1 },
});

export interface CodeBlockProps {
  readonly text: string;
  /** For screen readers: `the script`. */
  readonly what: string;
  readonly isJson?: boolean;
  /** Long lines go on below instead of to the right. */
  readonly wraps?: boolean;
}

/** A text that is read and copied, not edited. */
export function CodeBlock({ text, what, isJson = false, wraps = false }: CodeBlockProps): ReactElement {
  const styles = useStyles();
  return (
    <div className={styles.box}>
      <pre className={mergeClasses(styles.code, wraps && styles.wrap)} tabIndex={0} aria-label={what} role="region">
        <code>{isJson && text.length <= mostColoured ? <Coloured text={text} /> : text}</code>
      </pre>
      <div className={styles.copy}>
        <CopyButton text={text} what={what} />
      </div>
    </div>
  );
}

const Coloured = memo(function Coloured({ text }: { readonly text: string }): ReactElement {
  const styles = useStyles();
  const parts = useMemo(() => jsonTokens(text), [text]);
  const classOf = (kind: Exclude<JsonToken['kind'], 'plain'>): string => styles[kind];
  return (
    <>
      {parts.map(({ kind, text: part }, i) =>
        kind === 'plain' ? (
          part
        ) : (
          <span key={i} className={classOf(kind)}>
            {part}
          </span>
        ),
      )}
    </>
  );
});
