import { observable, type Observable } from './observable.ts';

/** A resource that was looked at in this browser. */
export interface Recent {
  readonly id: string;
  readonly name: string;
  readonly type: string;
}

const place = 'isthmus.studio.recent';
const most = 10;

/** The latest first; kept in this browser. */
export const recent: Observable<readonly Recent[]> = observable<readonly Recent[]>(read());

export function remember({ id, name, type }: Recent): void {
  keep([{ id, name, type }, ...others(id)].slice(0, most));
}

/** Of one that is gone. */
export function forget(id: string): void {
  keep(others(id));
}

function others(id: string): readonly Recent[] {
  return recent.get().filter((one) => one.id.toLowerCase() !== id.toLowerCase());
}

function keep(all: readonly Recent[]): void {
  recent.set(all);
  try {
    window.localStorage.setItem(place, JSON.stringify(all));
  } catch {
    // Without storage they are known until the page is closed.
  }
}

function read(): readonly Recent[] {
  try {
    const kept = JSON.parse(window.localStorage.getItem(place) ?? '[]') as unknown;
    return Array.isArray(kept) ? kept.filter(isRecent).slice(0, most) : [];
  } catch {
    return [];
  }
}

function isRecent(one: unknown): one is Recent {
  const { id, name, type } = (one ?? {}) as Partial<Recent>;
  return typeof id === 'string' && typeof name === 'string' && typeof type === 'string';
}
