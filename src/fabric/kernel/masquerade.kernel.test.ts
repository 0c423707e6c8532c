import { execFileSync } from 'node:child_process';
import { expect, test } from 'vitest';

/** A host that passes on for a container and lends it its own address, as container engines do; and what the container reaches of two services. */
const program = `
import { execFile, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
const { openKernelEngine } = await import(process.env.HERE + '/engine.ts');
const { sampleHost } = await import(process.env.HERE + '/../sample-hosts.contract.ts');
const { SamplePlan } = await import(process.env.HERE + '/../sample-plan.contract.ts');
const run = promisify(execFile);
const box = spawn('/usr/bin/unshare', ['-n', '/bin/sleep', 'infinity'], { stdio: 'ignore' });
const far = spawn('/usr/bin/unshare', ['-n', '/bin/sleep', 'infinity'], { stdio: 'ignore' });
const inside = (child, ...command) => run('/usr/bin/nsenter', ['--net=/proc/' + child.pid + '/ns/net', '--', ...command]);
const own = (await run('/usr/bin/readlink', ['/proc/self/ns/net'])).stdout;
for (const child of [box, far]) while ((await run('/usr/bin/readlink', ['/proc/' + child.pid + '/ns/net'])).stdout === own) await delay(1);
const sh = (text) => run('/bin/sh', ['-ec', text]);
await sh(\`ip link set lo up; echo 1 > /proc/sys/net/ipv4/ip_forward
  ip link add c0 type veth peer name c1 netns \${box.pid}; ip address add 172.30.0.1/24 dev c0; ip link set c0 up
  ip link add f0 type veth peer name f1 netns \${far.pid}; ip address add 192.0.2.1/24 dev f0; ip link set f0 up
  nft 'add table ip nat; add chain ip nat post { type nat hook postrouting priority srcnat; }; add rule ip nat post ip saddr 172.30.0.0/24 masquerade'\`);
await inside(box, '/bin/sh', '-ec', 'ip address add 172.30.0.2/24 dev c1; ip link set c1 up; ip route add default via 172.30.0.1');
await inside(far, '/bin/sh', '-ec', 'ip address add 192.0.2.2/24 dev f1; ip link set f1 up; ip link set lo up');
const answers = 'require("net").createServer((s) => s.end("far")).listen(7000, "192.0.2.2")';
const beyond = spawn('/usr/bin/nsenter', ['--net=/proc/' + far.pid + '/ns/net', '--', process.execPath, '-e', answers], { stdio: 'ignore' });
const ask = 'const [h, p] = process.argv.slice(1); const s = require("net").connect({ host: h, port: Number(p) }); s.setTimeout(1500, () => { console.log("silence"); process.exit(); }); s.on("error", (e) => { console.log(e.code); process.exit(); }); s.on("connect", () => s.write("hello")); s.on("data", (d) => { console.log(String(d)); process.exit(); });';
const from = async (child, host, port) => {
  const command = [process.execPath, '-e', ask, host, String(port)];
  const { stdout } = await (child === undefined ? run(command[0], command.slice(1)) : inside(child, ...command));
  return stdout.trim();
};
const database = await sampleHost(undefined, '192.0.2.1');
const engine = await openKernelEngine({ label: 'masq0001' });
const sample = new SamplePlan({ host: database.host, port: database.port });
await engine.apply(sample.plan());
const { host, port } = engine.listening(sample.endpoint, sample.port);
let reachesFar = 'ECONNREFUSED';
while (reachesFar === 'ECONNREFUSED') reachesFar = await from(box, '192.0.2.2', 7000);
const told = { reachesFar, fromHost: await from(undefined, host, port), fromBox: await from(box, host, port), peers: database.peers.length };
await engine[Symbol.asyncDispose]();
for (const child of [beyond, box, far]) child.kill('SIGKILL');
await database[Symbol.asyncDispose]();
console.log(JSON.stringify(told));
`;

test('what a host passes on for a container does not reach endpoints, though it comes from an address of the host', () => {
  const said = execFileSync('/usr/bin/unshare', ['-nm', process.execPath, '--input-type=module', '-e', program], {
    env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', HERE: import.meta.dirname },
    encoding: 'utf8',
  });
  expect(JSON.parse(said)).toEqual({
    reachesFar: 'far',
    fromHost: 'hello',
    fromBox: expect.stringMatching(/^(?:silence|ECONNREFUSED)$/),
    peers: 1,
  });
});
