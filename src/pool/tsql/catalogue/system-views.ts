import { objectViews } from './sys-objects.ts';
import { columnViews } from './sys-columns.ts';
import { keyViews } from './sys-keys.ts';
import { serverViews } from './sys-server.ts';
import type { RowsetMaker } from './system-view.ts';

/** Views of `sys` by their names in lower case. */
export const systemViews: Readonly<Record<string, RowsetMaker>> = { ...objectViews, ...columnViews, ...keyViews, ...serverViews };
