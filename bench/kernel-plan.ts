import type { FabricPlan, HostPort } from '#fabric/plan.ts';
import { SamplePlan } from '#fabric/sample-plan.contract.ts';

/** Where the endpoints of a crowd lead. */
export interface CrowdTargets {
  /** All but those below. */
  readonly main: HostPort;
  /** Endpoint 1 leads there, without balancer. */
  readonly local: HostPort;
  /** Endpoints 10 to 19 lead there by one of their two backends; the other goes to `main`. Both are probed. */
  readonly unsteady: HostPort;
}

/** What one plan of a crowd says otherwise than another. */
export interface CrowdState {
  readonly rejected?: number | undefined;
  /** The service one of whose backends is taken out. */
  readonly down?: number | undefined;
}

const serviceSize = 10;
const unsteadyService = 1;

/** Many approved endpoints of one segment, ten to each service; each service with a balancer of two backends. */
export class Crowd {
  readonly #sample: SamplePlan;
  readonly #targets: CrowdTargets;
  readonly size: number;

  constructor(size: number, targets: CrowdTargets) {
    this.#sample = new SamplePlan(targets.main);
    this.#targets = targets;
    this.size = size;
  }

  get segment(): string {
    return this.#sample.segment;
  }

  get port(): number {
    return this.#sample.port;
  }

  endpoint(number: number): string {
    return `${this.#sample.endpoint}-${number}`;
  }

  address(number: number): string {
    return `10.${1 + (number >> 16)}.${(number >> 8) & 255}.${number & 255}`;
  }

  plan({ rejected, down }: CrowdState = {}): FabricPlan {
    const plan = this.#sample.plan();
    const services = Array.from({ length: Math.ceil(this.size / serviceSize) }, (_, number) => number);
    return {
      ...plan,
      endpoints: Array.from({ length: this.size }, (_, number) => ({
        ...this.#sample.endpointOf({ id: this.endpoint(number), address: this.address(number), linkId: number, names: [] }),
        service: number === 1 ? `${this.#sample.service}-local` : this.#service(Math.floor(number / serviceSize)),
        state: number === rejected ? 'Rejected' : 'Approved',
      })),
      services: [
        { kind: 'database', id: `${this.#sample.service}-local`, target: this.#targets.local, ports: [this.port] },
        ...plan.services.flatMap((service) =>
          services.map((number) => ({ ...service, id: this.#service(number), balancer: this.#balancer(number) })),
        ),
      ],
      balancers: services.flatMap((number) => this.#balancerOf(plan, number, number === down)),
      forwarders: [
        ...plan.forwarders,
        ...plan.forwarders.slice(0, 1).map((forwarder) => ({
          ...forwarder,
          id: `${forwarder.id}-unsteady`,
          addresses: ['10.0.1.99'],
          rules: [{ port: this.port, to: this.#targets.unsteady }],
        })),
      ],
    };
  }

  #service(number: number): string {
    return `${this.#sample.service}-${number}`;
  }

  #balancer(number: number): string {
    return `${this.#sample.balancer}-${number}`;
  }

  #balancerOf(plan: FabricPlan, number: number, isDown: boolean): FabricPlan['balancers'] {
    const isUnsteady = number === unsteadyService;
    return plan.balancers.map((balancer) => ({
      ...balancer,
      id: this.#balancer(number),
      probes: balancer.probes.map((probe) => ({
        ...probe,
        id: `${probe.id}-${number}`,
        ...(isUnsteady ? { port: this.port, threshold: 1 } : { intervalMs: 15_000 }),
      })),
      rules: balancer.rules.map((rule) => ({
        ...rule,
        id: `${rule.id}-${number}`,
        probe: `${rule.probe}-${number}`,
        backends: rule.backends.map((backend, at) => ({
          ...backend,
          id: `${backend.id}-${number}`,
          admin: isDown && at === 0 ? 'Down' : 'None',
          forwarder: isUnsteady && at === 0 ? `${backend.forwarder}-unsteady` : backend.forwarder,
        })),
      })),
    }));
  }
}
