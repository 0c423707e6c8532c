import { Button, Card, Field, Input, Link, makeStyles, Title2, Text, tokens } from '@fluentui/react-components';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useNavigate, useSearch } from '@tanstack/react-router';
import { useEffect, useState, type ReactElement } from 'react';
import { sessionQuery, signIn, type Session, type SignIn } from '#studio/data/session.ts';
import { reportAnswer } from '#studio/data/reachability.ts';
import { FaultPanel } from '#studio/parts/fault-panel.tsx';
import { useSignInWays } from './sign-in-ways.ts';

const useStyles = makeStyles({
  middle: { minHeight: '100vh', display: 'grid', placeItems: 'center', backgroundColor: tokens.colorNeutralBackground3 },
  card: { width: 'min(440px, 92vw)', padding: tokens.spacingHorizontalXXL, gap: tokens.spacingVerticalL },
  form: { display: 'flex', flexDirection: 'column', gap: tokens.spacingVerticalM },
});

/** Once in this page's life: the code is good for one try only, and effects may run twice. */
let codeInAddress = takeCode();

/** The code of a one-time link, which is in the part of the address that no server sees; it is taken out of the history too. */
function takeCode(): string | undefined {
  const code = /^#code=([\w-]+)$/.exec(window.location.hash)?.[1];
  if (code !== undefined) window.history.replaceState(null, '', window.location.pathname);
  return code;
}

export function SignInPage(): ReactElement {
  const styles = useStyles();
  const client = useQueryClient();
  const navigate = useNavigate();
  const { to } = useSearch({ strict: false }) as { to?: string };
  const { mutate, isPending, error } = useMutation<Session, Error, SignIn>({
    mutationFn: signIn,
    onSuccess: async (session) => {
      client.clear();
      client.setQueryData(sessionQuery.queryKey, session);
      reportAnswer(200);
      await navigate({ to: placeAfter(to), replace: true });
    },
  });
  useEffect(() => {
    const code = codeInAddress;
    codeInAddress = undefined;
    if (code !== undefined) mutate({ code });
    document.title = 'Sign in · Isthmus Studio';
  }, [mutate]);
  return (
    <main className={styles.middle}>
      <Card className={styles.card}>
        <Title2 as="h1">Isthmus Studio</Title2>
        {error !== null && <FaultPanel error={error} />}
        <CredentialForm isPending={isPending} submit={mutate} />
        <OtherWays />
        <Text size={200}>A one-time link is printed by isthmus up when it starts, and by isthmus studio at any time.</Text>
      </Card>
    </main>
  );
}

/** Only within the Studio: the address may come from anywhere. */
function placeAfter(to: string | undefined): string {
  return to !== undefined && /^\/(?![/\\])/.test(to) && !to.startsWith('/sign-in') ? to : '/';
}

function CredentialForm({ isPending, submit }: { readonly isPending: boolean; readonly submit: (by: SignIn) => void }): ReactElement {
  const styles = useStyles();
  const [clientId, setClientId] = useState('');
  const [clientSecret, setClientSecret] = useState('');
  return (
    <form
      className={styles.form}
      onSubmit={(event) => {
        event.preventDefault();
        submit({ clientId: clientId.trim(), clientSecret });
      }}
    >
      <Field label="Client id" required>
        <Input value={clientId} onChange={(_, { value }) => setClientId(value)} autoComplete="username" name="clientId" />
      </Field>
      <Field label="Client secret" required>
        <Input
          type="password"
          value={clientSecret}
          onChange={(_, { value }) => setClientSecret(value)}
          autoComplete="current-password"
          name="clientSecret"
        />
      </Field>
      <Button appearance="primary" type="submit" disabled={isPending || clientId.trim() === '' || clientSecret === ''}>
        {isPending ? 'Signing in …' : 'Sign in'}
      </Button>
    </form>
  );
}

function OtherWays(): ReactElement | null {
  const ways = useSignInWays();
  if (ways.length === 0) return null;
  return (
    <nav aria-label="Other ways to sign in">
      {ways.map(({ name, signIn: href }) => (
        <div key={href}>
          <Link href={href}>Sign in with {name}</Link>
        </div>
      ))}
    </nav>
  );
}
