import type { BrowserContext, Page } from 'playwright-core';
import { Chromium } from '#test/servers/browser.ts';
import { ensureStudio } from '#test/servers/built-studio.ts';
import { ControlPlane } from '../test/e2e/control-plane.ts';
import { type Benchmark, counted, worst } from './benchmark.ts';
import { scaled, type Workplace } from './workplace.ts';

const mostAtOnce = 32;
const version = 'api-version=2025-05-01';
/** By the rail: what is clicked, and the heading of the page that comes. */
const hubs = ['Data', 'Integrate', 'Monitor', 'Manage', 'Network', 'Approvals', 'Home'];
const titles: Readonly<Record<string, string>> = { Network: 'Topology' };

export const studio: Benchmark = {
  name: 'studio',
  about:
    'The Studio in headless Chromium on an installation with 10,000 resources: from opening its address until Home is whole and answers, with an empty cache; and from a click on a hub until its page is whole',
  run: async (place) => {
    ensureStudio();
    await using plane = await ControlPlane.start(undefined, false);
    await using chromium = await Chromium.open();
    try {
      const count = scaled(place, 10_000, 200);
      await fill(plane, count);
      place.say(`${count} resources`);
      const person = await chromium.person();
      const page = await person.newPage();
      await page.goto(plane.ready['studio']!);
      await page.getByRole('heading', { level: 1, name: 'Home' }).waitFor();
      const cookies = await person.cookies();
      await person.close();
      const first: number[] = [];
      const changes = new Map(hubs.map((hub) => [hub, [] as number[]]));
      for (let round = 0; round < place.rounds; round += 1) {
        const fresh = await chromium.person();
        await fresh.addCookies(cookies);
        first.push(await homeMs(fresh, plane));
        await measureChanges(fresh.pages()[0]!, changes);
        await fresh.close();
        say(place, first, changes);
      }
      return [
        worst('Home, with an empty cache', 'ms', first, { atMost: 1_500 }),
        ...[...changes].map(([hub, ms]) => counted(`a click on ${hub}`, 'ms', ms, { atMost: 200 })),
      ];
    } finally {
      plane.forget();
    }
  },
};

async function fill(plane: ControlPlane, count: number): Promise<void> {
  const group = plane.group('many');
  await plane.ask({ method: 'PUT', path: `${group}?${version}`, body: { location: 'westeurope' } });
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < count) {
      const number = next++;
      const path = `${group}/providers/Microsoft.Network/virtualNetworks/net-${String(number).padStart(5, '0')}?${version}`;
      const body = {
        location: 'westeurope',
        properties: { addressSpace: { addressPrefixes: [`10.${number % 250}.${(number >> 8) % 250}.0/24`] } },
      };
      await plane.ask({ method: 'PUT', path, body });
    }
  };
  await Promise.all(Array.from({ length: mostAtOnce }, worker));
}

/** Runs in the page. */
const isWhole = (heading: string): string =>
  `document.querySelector('main h1')?.textContent === '${heading}' && document.querySelector('main [role=progressbar]') === null`;

async function homeMs(person: BrowserContext, plane: ControlPlane): Promise<number> {
  const page = await person.newPage();
  await page.goto(`${plane.arm}/studio/`, { waitUntil: 'commit' });
  return await page.evaluate<number>(`new Promise((settle) => {
    const look = () => requestAnimationFrame(${isWhole('Home')} ? () => settle(performance.now()) : look);
    look();
  })`);
}

/** The second visit counts: what a page is made of has been loaded by then, or by pointing at it. */
async function measureChanges(page: Page, changes: ReadonlyMap<string, number[]>): Promise<void> {
  for (const hub of hubs) await changeMs(page, hub);
  for (const hub of hubs) changes.get(hub)!.push(await changeMs(page, hub));
}

async function changeMs(page: Page, hub: string): Promise<number> {
  return await page.evaluate<number>(`new Promise((settle) => {
    const from = performance.now();
    const look = () => requestAnimationFrame(${isWhole(titles[hub] ?? hub)} ? () => settle(performance.now() - from) : look);
    document.querySelector('nav a[aria-label="${hub}"]').click();
    look();
  })`);
}

function say(place: Workplace, first: readonly number[], changes: ReadonlyMap<string, readonly number[]>): void {
  const last = [...changes].map(([hub, ms]) => `${hub} ${Math.round(ms.at(-1) ?? 0)}`);
  place.say(`studio: Home ${Math.round(first.at(-1) ?? 0)} ms; ${last.join(', ')}`);
}
