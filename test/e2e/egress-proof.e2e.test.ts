import { describeEgressProof } from './egress-proof.contract.ts';

describeEgressProof({
  options: ['--engine', 'userspace'],
  interfaces: ['lo'],
  hearsAttempts: false,
  // Every packet that leaves a socket of the network: those of the endpoint, whose listener is in there too, and any other.
  rules: (port) => `table inet proof {
    counter endpoint { }
    counter elsewhere { }
    chain out {
      type filter hook output priority 0; policy accept;
      ip daddr 100.64.0.0/10 tcp dport ${port} counter name endpoint accept
      ip saddr 100.64.0.0/10 tcp sport ${port} counter name endpoint accept
      counter name elsewhere
    }
  }`,
  // The headers of packets that pass a loopback interface have many forms: there is nothing to be had from the kernel but that packets passed.
  wrong: (before, after) => [
    ...(after.counts['endpoint']!.packets > before.counts['endpoint']!.packets ? [] : ['no packet passed']),
    ...[before, after].flatMap(({ proof }) => (proof.verdict === 'Equal' ? [] : [`${proof.verdict}: ${JSON.stringify(proof.difference)}`])),
  ],
});
