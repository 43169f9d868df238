/**
 * genroom's side of the otp bench: `node genroom-side.ts <row> <size>`, spoken to as side.ts says.
 *
 * The product as it ships: links, monitors, call timeouts and the naming of stray failures are on.
 */
import { createInterface } from 'node:readline';
import { installStrayHandlers } from 'genroom/otp';
import { WORKLOADS } from './workloads.ts';

/** Unmeasured runs: at least so many, and for at least so long. V8 compiles what runs often, in the background. */
const WARM_UPS = 4;
const WARM_UP_MS = 2_000;

const [name = '', size = '0'] = process.argv.slice(2);
const workload = WORKLOADS[name];
if (!workload) throw new Error(`there is no row ${name}`);
installStrayHandlers({
  onUnowned: (error) => {
    throw error;
  },
});
const measure = await workload(Number(size));
const began = performance.now();
for (let i = 0; i < WARM_UPS || performance.now() - began < WARM_UP_MS; i++) await measure();
console.log('ready');
for await (const _ of createInterface({ input: process.stdin })) console.log(await measure());
process.exit(0);
