import { randomUUID } from 'node:crypto';
import type { Backend, BalancerRule, Endpoint, FabricPlan, Forwarder, HostPort, Probe, PublicServer, Segment, Service } from './plan.ts';

/** What a plan of the tests may say otherwise than all of them. */
export interface Sample {
  readonly endpoint?: Partial<Endpoint>;
  readonly rule?: Partial<BalancerRule>;
  readonly probe?: Partial<Probe>;
  readonly backends?: readonly Partial<Backend>[];
  readonly running?: readonly boolean[];
  readonly service?: Partial<Extract<Service, { kind: 'balanced' }>>;
  readonly segment?: Partial<Segment>;
  /** Without it there is none. */
  readonly publicServer?: Partial<PublicServer> | undefined;
  /** Instead of all forwarders' only rule. */
  readonly target?: HostPort;
}

/** A consumer's segment with one endpoint → service → balancer → two forwarders → target, as the tutorial has it. Ids are this object's own. */
export class SamplePlan {
  readonly segment: string = `/consumer/${randomUUID()}`;
  readonly other: string = `/other/${randomUUID()}`;
  readonly endpoint: string = `/consumer/endpoints/${randomUUID()}`;
  readonly service: string = `/provider/services/${randomUUID()}`;
  readonly balancer: string = `/provider/balancers/${randomUUID()}`;
  readonly rule: string = `${this.balancer}/rules/my-rule`;
  readonly probe: string = `${this.balancer}/probes/my-probe`;
  readonly backends: readonly [string, string] = ['/provider/nics/nic-1', '/provider/nics/nic-2'];
  readonly forwarders: readonly [string, string] = ['/provider/hosts/forwarder-1', '/provider/hosts/forwarder-2'];
  readonly address: string = '10.0.1.5';
  readonly name: string = 'db.shop.example';
  readonly port: number = 14_330;
  readonly server: string = '/provider/servers/shop';
  readonly publicName: string = 'shop.database.example';
  readonly #target: HostPort;

  constructor(target: HostPort) {
    this.#target = target;
  }

  plan(sample: Sample = {}): FabricPlan {
    return {
      segments: [
        { id: this.segment, kind: 'managed', egress: 'none', names: [], ...sample.segment },
        { id: this.other, kind: 'virtual-network', egress: 'none', names: [] },
      ],
      endpoints: [this.endpointOf(sample.endpoint)],
      services: [
        {
          kind: 'balanced',
          id: this.service,
          natAddresses: ['10.0.3.4'],
          proxyProtocol: false,
          balancer: this.balancer,
          frontend: 'my-frontend',
          ...sample.service,
        },
      ],
      balancers: [
        {
          id: this.balancer,
          segment: '/provider',
          frontends: [{ name: 'my-frontend', address: '10.0.2.4' }],
          rules: [this.#ruleOf(sample)],
          probes: [this.#probeOf(sample.probe)],
        },
      ],
      forwarders: this.forwarders.map((_, at) => this.#forwarderOf(at, sample)),
      publicServers: sample.publicServer === undefined ? [] : [this.#publicServerOf(sample.publicServer)],
      publicAddresses: ['192.0.2.10'],
    };
  }

  endpointOf(more: Partial<Endpoint> = {}): Endpoint {
    return {
      id: this.endpoint,
      segment: this.segment,
      address: this.address,
      state: 'Approved',
      names: [{ name: this.name, port: undefined }],
      service: this.service,
      linkId: 17,
      expiresAtMs: undefined,
      ...more,
    };
  }

  /** That of the target, for everybody. */
  #publicServerOf(more: Partial<PublicServer>): PublicServer {
    return {
      id: this.server,
      name: this.publicName,
      product: 'sql',
      port: this.port,
      target: this.#target,
      access: 'enabled',
      firewall: [{ id: `${this.server}/firewallrules/azure`, name: 'azure', from: '0.0.0.0', to: '0.0.0.0' }],
      ...more,
    };
  }

  #ruleOf({ rule, backends = [{}, {}] }: Sample): BalancerRule {
    return {
      id: this.rule,
      name: 'my-rule',
      frontend: 'my-frontend',
      frontendPort: this.port,
      backendPort: this.port,
      backends: backends.map((more, at) => ({
        id: this.backends[at] ?? '',
        address: `10.0.1.1${at}`,
        forwarder: this.forwarders[at],
        admin: 'None',
        ...more,
      })),
      probe: this.probe,
      distribution: '5-tuple',
      idleMs: 900_000,
      tcpReset: false,
      whenNoneHealthy: 'AllProbedDown',
      ...rule,
    };
  }

  #probeOf(more: Partial<Probe> = {}): Probe {
    return { id: this.probe, name: 'my-probe', protocol: 'tcp', port: 22, path: undefined, intervalMs: 20, threshold: 2, ...more };
  }

  #forwarderOf(at: number, { running = [true, true], target = this.#target }: Sample): Forwarder {
    return {
      id: this.forwarders[at] ?? '',
      segment: '/provider',
      addresses: [`10.0.1.1${at}`],
      running: running[at] ?? true,
      rules: [{ port: this.port, to: target }],
    };
  }
}
