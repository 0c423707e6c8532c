import {
  Button,
  makeStyles,
  Menu,
  MenuItem,
  MenuItemRadio,
  MenuList,
  MenuPopover,
  MenuTrigger,
  Select,
  Text,
  tokens,
} from '@fluentui/react-components';
import { DarkThemeRegular, PersonRegular } from '@fluentui/react-icons';
import { useQueryClient } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import type { ReactElement } from 'react';
import { useObservable } from '#studio/data/observable.ts';
import { prefer, preferences, type ThemeChoice } from '#studio/data/preferences.ts';
import { sessionQuery, signOut, useSession } from '#studio/data/session.ts';
import { useWorkspace } from '#studio/data/workspace.ts';
import { NoticeBell } from './notice-bell.tsx';
import { SearchBox } from './search-box.tsx';

const useStyles = makeStyles({
  bar: {
    display: 'flex',
    alignItems: 'center',
    gap: tokens.spacingHorizontalM,
    padding: `${tokens.spacingVerticalS} ${tokens.spacingHorizontalL}`,
    backgroundColor: tokens.colorNeutralBackground3,
  },
  name: { color: tokens.colorNeutralForeground1, textDecorationLine: 'none', fontWeight: tokens.fontWeightSemibold, whiteSpace: 'nowrap' },
  search: { flexGrow: 1, display: 'flex', justifyContent: 'center', minWidth: 0 },
  workspace: { maxWidth: '220px', '@media (max-width: 1000px)': { maxWidth: '130px' } },
  end: { display: 'flex', alignItems: 'center', gap: tokens.spacingHorizontalXS },
});

export function TopBar(): ReactElement {
  const styles = useStyles();
  return (
    <header className={styles.bar}>
      <Link to="/" className={styles.name}>
        Isthmus Studio
      </Link>
      <WorkspacePicker />
      <div className={styles.search}>
        <SearchBox />
      </div>
      <div className={styles.end}>
        <NoticeBell />
        <ThemeMenu />
        <PersonMenu />
      </div>
    </header>
  );
}

function WorkspacePicker(): ReactElement | null {
  const styles = useStyles();
  const { all, current, choose } = useWorkspace();
  if (current === undefined) return null;
  return (
    <Select aria-label="Workspace" className={styles.workspace} value={current.id} onChange={(_, { value }) => choose(value)}>
      {all.map(({ id, name }) => (
        <option key={id} value={id}>
          {name}
        </option>
      ))}
    </Select>
  );
}

const themeNames: Readonly<Record<ThemeChoice, string>> = {
  system: 'As the system has it',
  light: 'Light',
  dark: 'Dark',
  'high-contrast': 'High contrast',
};

function ThemeMenu(): ReactElement {
  const { theme } = useObservable(preferences);
  return (
    <Menu
      checkedValues={{ theme: [theme] }}
      onCheckedValueChange={(_, { checkedItems }) => prefer({ theme: checkedItems[0] as ThemeChoice })}
    >
      <MenuTrigger disableButtonEnhancement>
        <Button appearance="subtle" icon={<DarkThemeRegular />} aria-label="Theme" title="Theme" />
      </MenuTrigger>
      <MenuPopover>
        <MenuList>
          {Object.entries(themeNames).map(([value, text]) => (
            <MenuItemRadio key={value} name="theme" value={value}>
              {text}
            </MenuItemRadio>
          ))}
        </MenuList>
      </MenuPopover>
    </Menu>
  );
}

function PersonMenu(): ReactElement {
  const client = useQueryClient();
  const { principal, expires, installation } = useSession();
  const leave = async (): Promise<void> => {
    await signOut();
    client.removeQueries();
    client.setQueryData(sessionQuery.queryKey, null);
  };
  return (
    <Menu>
      <MenuTrigger disableButtonEnhancement>
        <Button appearance="subtle" icon={<PersonRegular />} aria-label={`Signed in as ${principal.name}`} title={principal.name} />
      </MenuTrigger>
      <MenuPopover>
        <MenuList>
          <MenuItem disabled>
            <Text weight="semibold">{principal.name}</Text>
            <br />
            Subscription {installation.subscription}
            <br />
            until {new Date(expires).toLocaleTimeString()}
          </MenuItem>
          <MenuItem onClick={() => void leave()}>Sign out</MenuItem>
        </MenuList>
      </MenuPopover>
    </Menu>
  );
}
