import { randomUUID } from 'node:crypto';
import { must } from '#base/fault.ts';
import type { ResourceStore } from '#arm/store.ts';

/** What one installation is called for as long as its store lives. Both GUIDs, in lower case. */
export interface Installation {
  readonly tenant: string;
  /** The first subscription. */
  readonly subscription: string;
}

const setting = 'installation';

/** The installation's ids, drawn on first start. */
export async function openInstallation(store: ResourceStore): Promise<Installation> {
  const there = (await store.setting(setting)) ?? (await drawIds(store));
  return {
    tenant: must(there['tenant'], 'a tenant was drawn') as string,
    subscription: must(there['subscription'], 'so was this') as string,
  };
}

function drawIds(store: ResourceStore): Promise<Readonly<Record<string, unknown>>> {
  return store.write(async (transaction) => {
    const there = await transaction.setting(setting);
    if (there !== undefined) return there;
    const drawn = { tenant: randomUUID(), subscription: randomUUID() };
    await transaction.putSetting(setting, drawn);
    return drawn;
  });
}
