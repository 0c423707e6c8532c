/** What a role allows and takes out again, as in Azure: `*` stands for any characters, slashes too; case does not matter. */
export interface Permission {
  readonly actions: readonly string[];
  /** Taken out of this entry's `actions`; another entry or role may still allow them. */
  readonly notActions: readonly string[];
}

/** Whether an action in lower case is allowed. */
export type ActionTest = (actionKey: string) => boolean;

const maxRemembered = 10_000;

/** Decides for one role; answers are remembered, since programs ask about the same few actions. */
export function actionTest(permissions: readonly Permission[]): ActionTest {
  const entries = permissions.map(({ actions, notActions }) => ({ may: patterns(actions), mayNot: patterns(notActions) }));
  const decide: ActionTest = (action) => entries.some(({ may, mayNot }) => may(action) && !mayNot(action));
  const known = new Map<string, boolean>();
  return (action) => {
    const before = known.get(action);
    if (before !== undefined) return before;
    const allowed = decide(action);
    if (known.size >= maxRemembered) known.clear();
    known.set(action, allowed);
    return allowed;
  };
}

function patterns(texts: readonly string[]): ActionTest {
  const keys = texts.map((text) => text.toLowerCase());
  const exact = new Set(keys.filter((key) => !key.includes('*')));
  const wild = keys.filter((key) => key.includes('*'));
  return (action) => exact.has(action) || wild.some((pattern) => matchesPattern(pattern, action));
}

/** Both in lower case. Never slower than the product of the lengths, whatever the pattern. */
export function matchesPattern(pattern: string, text: string): boolean {
  let at = 0;
  let p = 0;
  /** Where to go on when the last star must take one character more. */
  let star = -1;
  let starAt = 0;
  while (at < text.length) {
    if (pattern[p] === '*') {
      star = p++;
      starAt = at;
    } else if (pattern[p] === text[at]) {
      p++;
      at++;
    } else if (star >= 0) {
      p = star + 1;
      at = ++starAt;
    } else return false;
  }
  while (pattern[p] === '*') p++;
  return p === pattern.length;
}
