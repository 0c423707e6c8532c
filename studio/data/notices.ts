import { toFault, type Fault } from '#base/fault.ts';
import { observable, type Observable } from './observable.ts';

/** One thing that was asked for, and what became of it. */
export interface Notice {
  readonly id: number;
  /** What was asked, as a sentence: `Approve the endpoint shop-pe`. */
  readonly title: string;
  readonly state: 'running' | 'done' | 'failed';
  readonly atMs: number;
  /** While it runs: what it waits for. */
  readonly progress?: string | undefined;
  readonly fault?: Fault | undefined;
  /** The resource that it is about. */
  readonly resource?: string | undefined;
  /** The page that asked for it says what became of it: nothing is laid over that page to say it again. */
  readonly isToldInPage?: boolean | undefined;
}

const mostNotices = 100;
let lastId = 0;

/** Newest first. */
export const notices: Observable<readonly Notice[]> = observable<readonly Notice[]>([]);

export function dismissAll(): void {
  notices.set(notices.get().filter(({ state }) => state === 'running'));
}

/** Tells of `work` from its begin to its end. A fault is told and thrown. */
export async function noticed<T>(
  told: Pick<Notice, 'title' | 'resource' | 'isToldInPage'>,
  work: (progress: (text: string) => void) => Promise<T>,
): Promise<T> {
  const id = (lastId += 1);
  const change = (more: Partial<Notice>): void =>
    notices.set(notices.get().map((one) => (one.id === id ? { ...one, ...more, atMs: Date.now() } : one)));
  const first: Notice = { ...told, id, state: 'running', atMs: Date.now() };
  notices.set([first, ...notices.get()].slice(0, mostNotices));
  try {
    const result = await work((progress) => change({ progress }));
    change({ state: 'done', progress: undefined });
    return result;
  } catch (error) {
    const fault = toFault(error);
    change({ state: 'failed', progress: undefined, fault });
    throw fault;
  }
}
