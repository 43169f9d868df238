/**
 * Code: behaviours known by a name on every node that loads them. A behaviour is code and no data, so it crosses by its
 * name: both nodes have imported the module that offers it.
 *
 *     export const account = offer(genServer({ name: 'account', … }));
 *     const pid = await startOn('worker-1', account, { number: '7' });
 */
import type { Behaviour } from '../otp/process/behaviour.ts';
import { BadArgument } from '../otp/runtime/errors.ts';

const offered = new Map<string, Behaviour>();
const names = new WeakMap<object, string>();

/**
 * Offers a behaviour to other nodes under its name. Call it where the behaviour is defined, in a module that both nodes
 * import.
 *
 * @param name default the behaviour's own
 * @throws BadArgument `code_offered` when another behaviour has the name already
 */
export function offer<B extends Behaviour>(behaviour: B, name: string = behaviour.name): B {
  const there = offered.get(name);
  if (there && there !== behaviour) {
    throw new BadArgument(
      'code_offered',
      `another behaviour is offered as ${name} already`,
      'Offer it under another name: offer(behaviour, "name").',
    );
  }
  offered.set(name, behaviour);
  names.set(behaviour, name);
  return behaviour;
}

export function nameOfCode(behaviour: Behaviour): string | undefined {
  return names.get(behaviour);
}

export function codeNamed(name: string): Behaviour | undefined {
  return offered.get(name);
}
