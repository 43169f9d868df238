/** Puts a fault into genroom as it is loaded: one text of one file replaced by another. */
import { readFileSync } from 'node:fs';
import { registerHooks } from 'node:module';
import type { Fault } from './faults.ts';

const OTP = new URL('../src/otp/', import.meta.url);

/** A file with its fault. @throws Error when the text to replace does not stand in it exactly once */
export function faulty({ name, file, from, to }: Fault): { url: string; source: string } {
  const url = new URL(file, OTP);
  const parts = readFileSync(url, 'utf8').split(from);
  if (parts.length !== 2)
    throw new Error(`the fault '${name}' finds its text ${parts.length - 1} times in ${file}: ${from}`);
  return { url: url.href, source: parts.join(to) };
}

/** From now on this thread loads the file with the fault. To be called before it is loaded. */
export function applyFault(fault: Fault): void {
  const { url, source } = faulty(fault);
  registerHooks({
    load: (wanted, context, next) =>
      wanted === url ? { format: 'module-typescript', source, shortCircuit: true } : next(wanted, context),
  });
}
