import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import axe from 'axe-core';
import type { BrowserContext, BrowserContextOptions, Locator, Page } from 'playwright-core';
import { troubles, type Chromium } from '#test/servers/browser.ts';
import type { ControlPlane, Credentials } from './control-plane.ts';

/** Where screenshots go; without it there are none. */
const pictures = process.env['ISTHMUS_SCREENSHOTS'];

let lastPictures = 0;

interface AxeRule {
  readonly id: string;
  readonly impact: string | null;
  readonly help: string;
  readonly nodes: readonly { readonly html: string; readonly failureSummary?: string }[];
}

/** Somebody in front of a browser of their own. */
export class Person implements AsyncDisposable {
  readonly page: Page;
  /** What pages wrote to the console as errors, or threw. */
  readonly troubles: readonly string[];
  readonly #context: BrowserContext;
  readonly #base: string;

  private constructor(context: BrowserContext, page: Page, base: string) {
    this.#context = context;
    this.page = page;
    this.#base = `${base}/studio`;
    this.troubles = troubles(page);
  }

  /** Signed in by the one-time link of the ready line, or by credentials. */
  static async signIn(
    chromium: Chromium,
    plane: ControlPlane,
    credentials?: Pick<Credentials, 'clientId' | 'clientSecret'>,
    options: BrowserContextOptions = {},
  ): Promise<Person> {
    const context = await chromium.person(options);
    const person = new Person(context, await context.newPage(), plane.arm);
    const { page } = person;
    if (credentials === undefined) await page.goto(plane.ready['studio']!);
    else {
      await page.goto(`${plane.arm}/studio/sign-in`);
      await person.fill('Client id', credentials.clientId);
      await person.fill('Client secret', credentials.clientSecret);
      await person.click('Sign in');
    }
    await person.sees('Home');
    return person;
  }

  async open(path: string): Promise<void> {
    await this.page.goto(`${this.#base}${path}`);
    await this.page.locator('main h1').waitFor();
  }

  /** By the rail. `title`: of the page that comes. */
  async hub(name: string, title: string | RegExp = name): Promise<void> {
    await this.page.getByRole('navigation', { name: 'Hubs' }).getByRole('link', { name, exact: true }).click();
    await this.sees(title);
  }

  /** A page of this title is there. */
  async sees(title: string | RegExp): Promise<void> {
    await this.page.getByRole('heading', { level: 1, name: title }).waitFor();
  }

  /** Everything that the page asked for has come. */
  async settled(): Promise<void> {
    await this.page.locator('main [role=progressbar]:not([aria-valuenow])').first().waitFor({ state: 'detached' });
    await this.page.locator('main [aria-busy=true]').first().waitFor({ state: 'detached' });
  }

  async fill(label: string, text: string, within: Page | Locator = this.page): Promise<void> {
    await this.field(label, within).fill(text);
  }

  /** By its label, which ends with an asterisk where it must be filled in. */
  field(label: string, within: Page | Locator = this.page): Locator {
    return within.getByLabel(new RegExp(`^${label}\\s*\\*?$`)).first();
  }

  async click(name: string | RegExp, within: Page | Locator = this.page): Promise<void> {
    await within
      .getByRole('button', { name, exact: typeof name === 'string' })
      .first()
      .click();
  }

  async picture(name: string): Promise<void> {
    if (pictures === undefined) return;
    mkdirSync(pictures, { recursive: true });
    await this.page.screenshot({ path: join(pictures, `${name}.png`) });
  }

  /**
   * What axe-core finds on the page that is serious or worse: each rule with the first places. Left out: the places by which Fluent's focus
   * library hands the focus on; nobody ever stands on them.
   */
  async hindrances(): Promise<readonly string[]> {
    await this.page.evaluate(axe.source);
    const found = await this.page.evaluate<readonly AxeRule[]>(
      `axe.run({ exclude: ['[data-tabster-dummy]'] }, { resultTypes: ['violations'] }).then(({ violations }) => JSON.parse(JSON.stringify(violations)))`,
    );
    return found
      .filter(({ impact }) => impact === 'serious' || impact === 'critical')
      .map(
        ({ id, help, nodes }) =>
          `${id}: ${help}: ${nodes
            .slice(0, 3)
            .map(({ html, failureSummary = '' }) => `${html.slice(0, 300)} (${failureSummary.replaceAll('\n', ' ')})`)
            .join(' | ')}`,
      );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // What they saw last is what explains a failure.
    await this.picture(`last-${(lastPictures += 1)}`);
    await this.#context.close();
  }
}
