import { existsSync } from 'node:fs';
import { chromium, type Browser, type BrowserContext, type BrowserContextOptions, type Page } from 'playwright-core';
import { fault } from '#base/fault.ts';

const program = '/usr/bin/chromium';

/** Debian's Chromium, without a screen. Disposing it ends it. */
export class Chromium implements AsyncDisposable {
  readonly #browser: Browser;

  private constructor(browser: Browser) {
    this.#browser = browser;
  }

  static async open(): Promise<Chromium> {
    if (!existsSync(program))
      throw fault('missing', 'NoChromium', `There is no ${program}.`, { remedy: 'bash scripts/debian-packages.sh' });
    // Chromium's own sandbox cannot be had by root.
    const args = process.getuid?.() === 0 ? ['--no-sandbox'] : [];
    return new Chromium(await chromium.launch({ executablePath: program, args: [...args, '--disable-dev-shm-usage'] }));
  }

  /** A person's browser: cookies of its own. The certificate is of an authority that only this installation knows. */
  async person(options: BrowserContextOptions = {}): Promise<BrowserContext> {
    const context = await this.#browser.newContext({ ignoreHTTPSErrors: true, viewport: { width: 1280, height: 800 }, ...options });
    context.setDefaultTimeout(45_000);
    return context;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#browser.close();
  }
}

/** What a page wrote to its console as errors or threw, from now on: nothing of it is expected. */
export function troubles(page: Page): readonly string[] {
  const found: string[] = [];
  page.on('pageerror', (error) => found.push(`${error.name}: ${error.message}`));
  page.on('console', (message) => {
    const text = message.text();
    // A refusal is shown on the page, and the browser notes it too.
    if (message.type() !== 'error' || /status of 4\d\d|net::ERR/.test(text)) return;
    // Chromium's own editing gives a style to text that is typed over other text; the policy refuses it, and the editor puts its own in place.
    if (text.startsWith('Applying inline style') && new URL(page.url()).pathname === '/studio/data') return;
    found.push(text);
  });
  return found;
}
