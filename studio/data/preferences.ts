import { observable, type Observable } from './observable.ts';

export type ThemeChoice = 'system' | 'light' | 'dark' | 'high-contrast';

export interface Preferences {
  readonly theme: ThemeChoice;
  /** The id of the workspace that hubs show; undefined: the first. */
  readonly workspace: string | undefined;
}

const place = 'isthmus.studio';
const usual: Preferences = { theme: 'system', workspace: undefined };

/** Kept in this browser; nothing of it is secret. */
export const preferences: Observable<Preferences> = observable<Preferences>(read());

export function prefer(change: Partial<Preferences>): void {
  const next = { ...preferences.get(), ...change };
  preferences.set(next);
  try {
    window.localStorage.setItem(place, JSON.stringify(next));
  } catch {
    // Without storage it holds until the page is closed.
  }
}

function read(): Preferences {
  try {
    return { ...usual, ...(JSON.parse(window.localStorage.getItem(place) ?? '{}') as Partial<Preferences>) };
  } catch {
    return usual;
  }
}
