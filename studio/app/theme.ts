import { teamsHighContrastTheme, webDarkTheme, webLightTheme, type Theme } from '@fluentui/react-components';
import { useMemo, useSyncExternalStore } from 'react';
import { useObservable } from '#studio/data/observable.ts';
import { preferences } from '#studio/data/preferences.ts';

const themes = { light: webLightTheme, dark: webDarkTheme, 'high-contrast': teamsHighContrastTheme };

/** As chosen, or as the system has it. */
export function useTheme(): Theme {
  const { theme } = useObservable(preferences);
  const isDark = useMedia('(prefers-color-scheme: dark)');
  const wantsContrast = useMedia('(forced-colors: active)');
  return useMemo(() => {
    if (theme !== 'system') return themes[theme];
    if (wantsContrast) return themes['high-contrast'];
    return isDark ? themes.dark : themes.light;
  }, [theme, isDark, wantsContrast]);
}

function useMedia(query: string): boolean {
  const media = useMemo(() => window.matchMedia(query), [query]);
  return useSyncExternalStore(
    (listener) => {
      media.addEventListener('change', listener);
      return () => media.removeEventListener('change', listener);
    },
    () => media.matches,
  );
}
