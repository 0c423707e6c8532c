import { createDOMRenderer, FluentProvider, RendererProvider } from '@fluentui/react-components';
import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { RouterProvider } from '@tanstack/react-router';
import type { ReactElement } from 'react';
import { toFault } from '#base/fault.ts';
import { makeRouter } from './router.tsx';
import { useTheme } from './theme.ts';

const nonce = document.querySelector<HTMLMetaElement>('meta[name="csp-nonce"]')?.content ?? '';
const renderer = createDOMRenderer(document, { styleElementAttributes: nonce === '' ? {} : { nonce } });

const lastingKinds = new Set(['unauthenticated', 'denied', 'missing', 'invalid', 'conflict', 'precondition', 'unsupported']);

const client = new QueryClient({
  defaultOptions: {
    queries: {
      // What changes is told by the server; nothing is asked for again by time or by looking at the window.
      staleTime: Number.POSITIVE_INFINITY,
      refetchOnWindowFocus: false,
      refetchOnReconnect: false,
      retry: (count, error) => count < 2 && !lastingKinds.has(toFault(error).kind),
    },
  },
});
const router = makeRouter(client);

/** The whole page. */
export function App(): ReactElement {
  return (
    <RendererProvider renderer={renderer} targetDocument={document}>
      <FluentProvider theme={useTheme()}>
        <QueryClientProvider client={client}>
          <RouterProvider router={router} />
        </QueryClientProvider>
      </FluentProvider>
    </RendererProvider>
  );
}
