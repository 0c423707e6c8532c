import { useParams } from '@tanstack/react-router';

/** The id of the resource that the address names, as the server takes it: each word encoded where it has to be. */
export function useResourceId(): string {
  const { _splat: splat = '' } = useParams({ strict: false }) as { readonly _splat?: string };
  return `/${splat.split('/').map(encodeURIComponent).join('/')}`;
}
