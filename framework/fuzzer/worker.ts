/** The thread of run.ts: puts the fault in place, then loads genroom. See there. */
import { readFileSync } from 'node:fs';
import { parentPort, workerData } from 'node:worker_threads';
import { applyFault } from './apply-fault.ts';
import type { Divergence, Order } from './run.ts';

// oxlint-disable unicorn/require-post-message-target-origin -- a rule for windows, this is a thread
const { order, progress } = workerData as { order: Order; progress: Int32Array };
if (order.fault) applyFault(order.fault);
const { runProgram } = await import('./interpreter.ts');
const { generate } = await import('./generate.ts');
const { canonical, difference } = await import('./trace.ts');

const { traces } = JSON.parse(readFileSync(order.file, 'utf8')) as { traces: string[] };
const unstable = new Set(order.unstable);
for (let program = 0; program < order.programs; program++) {
  Atomics.store(progress, 0, program);
  if (unstable.has(program)) continue;
  const otp = traces[program]!;
  let genroom: string;
  try {
    genroom = canonical(await runProgram(generate(order.seed, program)));
  } catch (error) {
    genroom = String(error);
  }
  if (genroom === otp) continue;
  parentPort!.postMessage({ program, ...difference(otp, genroom) } satisfies Divergence);
  if (order.first) break;
}
parentPort!.postMessage('done');
