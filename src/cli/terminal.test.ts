import { PassThrough } from 'node:stream';
import { expect, test } from 'vitest';
import { progressLine } from './progress-line.ts';
import { askSecret, canAsk, confirm, type CliTerminal } from './terminal.ts';

interface Scene {
  readonly terminal: CliTerminal;
  readonly keyboard: PassThrough;
  readonly screen: () => string;
  readonly raw: boolean[];
  readonly interrupt: () => void;
}

function scene(isTerminal = true): Scene {
  let screen = '';
  const raw: boolean[] = [];
  const end = new AbortController();
  const keyboard = Object.assign(new PassThrough(), { isTTY: true, setRawMode: (isRaw: boolean) => void raw.push(isRaw) });
  const terminal: CliTerminal = {
    input: keyboard,
    write: () => Promise.resolve(),
    writeError: (text) => void (screen += text),
    isTerminal,
    size: () => ({ columns: 40, rows: 10 }),
    interrupted: end.signal,
  };
  return { terminal, keyboard, screen: () => screen, raw, interrupt: () => end.abort() };
}

test('a secret is typed without being seen, corrected too', async () => {
  const { terminal, keyboard, screen, raw } = scene();
  const asked = askSecret(terminal, 'Secret: ');
  keyboard.write('hunterX');
  keyboard.write('\u007f2\r');
  expect((await asked).reveal()).toBe('hunter2');
  expect([screen(), raw]).toEqual(['Secret: \n', [true, false]]);
});

test('yes is yes, anything else is no', async () => {
  for (const [typed, expected] of [
    ['y\r', true],
    ['YES\n', true],
    ['\r', false],
    ['yep\r', false],
    ['n\b\by\r', true],
  ] as const) {
    const { terminal, keyboard } = scene();
    const asked = confirm(terminal, 'Apply?');
    keyboard.write(typed);
    expect([typed, await asked]).toEqual([typed, expected]);
  }
});

test('Ctrl-C, the end of input and an interrupt end the question', async () => {
  for (const typed of ['ab\u0003', '\u0004', undefined]) {
    const { terminal, keyboard, raw, interrupt } = scene();
    const asked = askSecret(terminal, '?');
    if (typed === undefined) interrupt();
    else keyboard.write(typed);
    await expect(asked).rejects.toMatchObject({ kind: 'cancelled' });
    expect(raw).toEqual([true, false]);
  }
});

test('nobody is asked where nobody looks', async () => {
  const { terminal } = scene(false);
  expect(canAsk(terminal)).toBe(false);
  await expect(askSecret(terminal, '?')).rejects.toMatchObject({ code: 'NobodyToAsk' });
});

test('progress is one line on a terminal, and a line for each change elsewhere', () => {
  const path = '/subscriptions/s/resourceGroups/g/providers/A/vms/v?api-version=1';
  const onTerminal = scene();
  let nowMs = 0;
  const line = progressLine(onTerminal.terminal, () => nowMs);
  line.show({ path, status: 'Creating', waitingFor: undefined });
  nowMs = 2_000;
  line.show({ path, status: 'Creating', waitingFor: 'an address that is given to it' });
  line.clear();
  line.clear();
  expect(onTerminal.screen()).toBe('\r\u001b[Kvms/v: Creating (0 s)\r\u001b[Kvms/v: Creating, waiting for an address\r\u001b[K');
  const elsewhere = scene(false);
  using lines = progressLine(elsewhere.terminal);
  for (const status of ['Creating', 'Creating', 'Updating']) lines.show({ path, status, waitingFor: undefined });
  expect(elsewhere.screen()).toBe('vms/v: Creating\nvms/v: Updating\n');
});
