import type { ArmClient } from '#arm/client.ts';
import { toFault, type Fault } from '#base/fault.ts';
import { delay, type Service } from '#base/service.ts';
import { setUpShop } from '../demo/shop-setup.ts';
import { shopPaths } from '../demo/shop-resources.ts';
import type { ControlReport, SourceAccess } from './channel.ts';
import { openLocalClient } from './demo-client.ts';
import { readLink } from './link-watch.ts';
import type { LinkStatus } from './status.ts';

export interface DemoLink {
  /** The data folder. */
  readonly folder: string;
  readonly memoryMb: number;
  readonly resync: boolean;
  /** Where requests are answered and where the shop is, once both are known. */
  readonly places: () => { readonly control: ControlReport; readonly source: SourceAccess } | undefined;
  /** What is being done; undefined: all is done. */
  readonly onStep: (text: string | undefined) => void;
  readonly onLink: (link: LinkStatus) => void;
  /** It could not be made or asked for, and will be tried again. */
  readonly onTrouble: (trouble: Fault) => void;
}

const lookEveryMs = 500;

/** Makes the demo's link, and says what it is doing from then on. Begins anew where the shop or the control plane is elsewhere than before. */
export function demoLink(demo: DemoLink): Service {
  let resync = demo.resync;
  const once = async (signal: AbortSignal): Promise<void> => {
    const { control, source } = await placesOf(demo, signal);
    using client = openLocalClient(demo.folder, signal);
    const { arm } = client;
    const { memoryMb, onStep } = demo;
    await setUpShop({ arm, subscription: control.subscription, source, memoryMb, resync, signal, onStep });
    resync = false;
    onStep(undefined);
    await watch({ ...demo, arm, link: shopPaths(control.subscription).link }, { control, source }, signal);
  };
  return {
    name: 'demo link',
    run: async (signal) => {
      try {
        while (!signal.aborted) await once(signal);
      } catch (error) {
        if (signal.aborted) return;
        demo.onTrouble(toFault(error));
        throw error;
      }
    },
  };
}

type Places = NonNullable<ReturnType<DemoLink['places']>>;

async function placesOf({ places }: DemoLink, signal: AbortSignal): Promise<Places> {
  for (;;) {
    const found = places();
    if (found !== undefined) return found;
    await delay(lookEveryMs, signal);
  }
}

/** Until a place has changed. */
async function watch(
  demo: DemoLink & { readonly arm: ArmClient; readonly link: string },
  begun: Places,
  signal: AbortSignal,
): Promise<void> {
  for (;;) {
    const now = demo.places();
    if (now?.control.url !== begun.control.url || now.source.url !== begun.source.url) return;
    demo.onLink(await readLink(demo.arm, demo.link, signal));
    await delay(lookEveryMs, signal);
  }
}
