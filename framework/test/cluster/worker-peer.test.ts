/** A node on a worker thread, joined by a port: processes are started on it, called, told together, and lost with it. */
import { MessageChannel, Worker } from 'node:worker_threads';
import { afterEach, expect, test } from 'vitest';
import {
  call,
  cast,
  isDown,
  isExit,
  link,
  monitor,
  type Pid,
  type Ref,
  receive,
  self,
  start,
  StartError,
  trapExit,
  via,
} from '../../src/otp/index.ts';
import { abcast, connect, monitorNodes, multiCall, nameOn, nodes, startOn } from '../../src/cluster/nodes.ts';
import { failure, inProcess } from '../otp/stage.ts';
import { ledger, ledgers } from './program.ts';
import { until } from './two-nodes.ts';

const workers: Worker[] = [];
afterEach(async () => {
  await Promise.all(workers.splice(0).map((worker) => worker.terminate()));
  await until(() => nodes().length === 0);
});

/** Starts a thread with the program as the node `name`, and joins it. */
async function thread(name: string): Promise<Worker> {
  const { port1, port2 } = new MessageChannel();
  const options = { workerData: { name, port: port2 }, transferList: [port2] };
  const worker = new Worker(new URL('./program.ts', import.meta.url), options);
  workers.push(worker);
  expect(await connect(port1, { timeout: 10_000 })).toBe(name);
  return worker;
}

test('a behaviour that both offer is started there, under a name there, and asked from here', async () => {
  await thread('worker');
  const pid = await startOn('worker', ledger, 5);
  cast(pid, 'add', 2);
  const client = await inProcess(async () => {
    const where = await call(pid, 'where');
    return where.client === self();
  });
  expect([await call(pid, 'total'), pid.node, client]).toEqual([7, 'worker', true]);
  const error = await failure(startOn('worker', ledger, -1));
  expect(error).toBeInstanceOf(StartError);
  expect((error.cause as Error).message).toBe('below zero');
  expect((await failure(startOn('nobody', ledger, 1))).code).toBe('call_nodedown');
});

test('multiCall and abcast reach whoever has the name on each node; who does not answer is named', async () => {
  await Promise.all([thread('one'), thread('two'), thread('three')]);
  await start(ledgers);
  const name = via(ledgers, 'main');
  const mine = await start(ledger, 1, { name });
  for (const [node, total] of [
    ['one', 10],
    ['two', 100],
  ] as const) {
    await startOn(node, ledgers);
    await startOn(node, ledger, total, { name });
  }
  abcast(name, 'add', 1);
  const { replies, bad } = await multiCall(name, 'total', undefined, {
    nodes: ['main', 'one', 'two', 'three', 'four'],
  });
  expect(replies).toEqual([
    { node: 'main', value: 2 },
    { node: 'one', value: 11 },
    { node: 'two', value: 101 },
  ]);
  expect(bad).toEqual(['three', 'four']);
  expect(await call(nameOn('two', name), 'total')).toBe(101);
  expect(mine.node).toBe('main');
});

for (const [how, end] of [
  ['terminates', (worker: Worker) => void worker.terminate()],
  ['exits', (_: Worker, pid: Pid) => cast(pid as Ref<typeof ledger>, 'exit', 3)],
] as const) {
  test(`a thread that ${how}: open calls fail, monitors and links give noconnection, the node is down`, async () => {
    const worker = await thread('worker');
    const pid = await startOn('worker', ledger, 0);
    const seen = await inProcess(async () => {
      trapExit(true);
      monitorNodes(true);
      const ref = monitor(pid);
      link(pid);
      const asked = failure(call(pid, 'never', undefined, { timeout: Infinity }));
      await call(pid, 'total');
      end(worker, pid);
      const down = await receive(isDown);
      const exit = await receive(isExit);
      const { code } = await asked;
      return [down.ref === ref, down.reason, exit.reason, code, await receive()];
    });
    expect(seen).toEqual([true, 'noconnection', 'noconnection', 'call_nodedown', { tag: 'NODEDOWN', node: 'worker' }]);
    expect((await failure(call(pid, 'total'))).code).toBe('call_nodedown');
  });
}

test('EGS-19 a cast to a thread that hangs returns at once; it keeps nobody waiting beyond the deadline; a new one of its name is another node', async () => {
  const worker = await thread('worker');
  const pid = await startOn('worker', ledger, 1);
  cast(pid, 'hang');
  expect((await failure(call(pid, 'total', undefined, { timeout: 20 }))).code).toBe('call_timeout');
  await worker.terminate();
  await until(() => nodes().length === 0);
  await thread('worker');
  const again = await startOn('worker', ledger, 2);
  expect(await call(again, 'total')).toBe(2);
  expect((await failure(call(pid, 'total'))).code).toBe('call_nodedown');
});
