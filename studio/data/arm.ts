import { armClient, type ArmClient } from '#arm/client.ts';
import type { FetchLike } from '#arm/client-fetch.ts';
import { reportAnswer } from './reachability.ts';

/** What says that a request was made by this page, and by no other site with the same cookie. */
export const studioHeader = 'x-isthmus-studio';

/** The browser's own fetch: who asks is in a cookie that no script can read. */
const cookieFetch: FetchLike = async (url, { method, headers, body, signal }) => {
  const { authorization: _none, ...rest } = headers;
  try {
    const answer = await fetch(url, {
      method,
      headers: { ...rest, [studioHeader]: '1' },
      credentials: 'same-origin',
      cache: 'no-store',
      ...(body === undefined ? {} : { body }),
      ...(signal === undefined ? {} : { signal }),
    });
    reportAnswer(answer.status);
    return answer;
  } catch (error) {
    if (signal?.aborted !== true) reportAnswer(undefined);
    throw error;
  }
};

/** Everything the Studio knows and does comes by this: the same addresses as of every other client. */
export const arm: ArmClient = armClient({ endpoint: window.location.origin, fetch: cookieFetch, token: async () => '' });
