/**
 * What `serve` may be given, option by option: a program in JavaScript has no compiler to say so, and a number that comes
 * from the command line or the environment may be none.
 *
 * Invariants: pure; the first problem is told, with the option's name, its value and what is allowed. An option that is
 * `undefined` is one that is left out.
 *
 *     checkOptions({ rooms: [chat], nodes: Number('x') });
 *     // GenroomError bad_options: `nodes` is NaN. Give a whole number from 0 to 256, or leave it out.
 */
import { GenroomError } from '../platform/errors.ts';
import { near } from '../room/definition-check.ts';
import { checkLimits } from './limits.ts';
import type { ServeOptions } from './serve-options.ts';
import type { RecoveryPolicy } from './shell/index.ts';

/** Whether a value will do, and what would. */
interface Rule {
  readonly holds: (value: unknown) => boolean;
  readonly allowed: string;
}

/** The longest time that a timer of Node's takes, in milliseconds. */
const LONGEST = 0x7fff_ffff;
const MOST_NODES = 256;

const wholeNumber = (least: number, most: number): Rule => ({
  holds: (value) => Number.isInteger(value) && (value as number) >= least && (value as number) <= most,
  allowed: `a whole number from ${least} to ${most}`,
});
const number = (least: number, most: number, unit: string): Rule => ({
  holds: (value) => typeof value === 'number' && value >= least && value <= most,
  allowed: `${unit} from ${least} to ${most}`,
});
const oneOf = (...values: readonly unknown[]): Rule => ({
  holds: (value) => values.includes(value),
  allowed: `${values.slice(0, -1).map(shown).join(', ')} or ${shown(values.at(-1))}`,
});
const or = (...rules: readonly Rule[]): Rule => ({
  holds: (value) => rules.some((rule) => rule.holds(value)),
  allowed: rules.map(({ allowed }) => allowed).join(', or '),
});
const text: Rule = { holds: (value) => typeof value === 'string' && value !== '', allowed: 'a text that is not empty' };
const no: Rule = { holds: (value) => value === false, allowed: 'false' };
const boolean: Rule = oneOf(true, false);
const fn: Rule = { holds: (value) => typeof value === 'function', allowed: 'a function' };
const object: Rule = { holds: isRecord, allowed: 'an object' };
const access: Rule = or(boolean, { holds: isRecord, allowed: 'an object with `allow`' });
const attempts: Rule = {
  holds: (value) => value === Infinity || (Number.isInteger(value) && (value as number) >= 0),
  allowed: 'a whole number from 0 up, or Infinity',
};

const OPTIONS: Readonly<Record<keyof ServeOptions, Rule>> = {
  rooms: { holds: isRooms, allowed: 'a list of what `room({…})` made, each of another name' },
  port: wholeNumber(0, 65_535),
  host: text,
  nodes: wholeNumber(0, MOST_NODES),
  static: text,
  routes: { holds: (value) => Array.isArray(value) && value.every(fn.holds), allowed: 'a list of functions' },
  transport: oneOf('auto', 'uws', 'ws'),
  limits: object,
  reconnection: number(0, Math.floor(LONGEST / 1000), 'seconds'),
  callTimeout: number(1, LONGEST, 'milliseconds'),
  recovery: object,
  hangTimeout: or(number(100, LONGEST, 'milliseconds'), no),
  watchdog: or(number(100, LONGEST, 'milliseconds'), no),
  exposeErrors: boolean,
  trustProxy: boolean,
  tree: access,
  operator: access,
  log: or(oneOf('text', 'json', false), fn),
  unowned: oneOf('report', 'exit'),
  signals: boolean,
};

const RECOVERY: Readonly<Record<keyof RecoveryPolicy, Rule>> = {
  firstDelay: number(0, LONGEST, 'milliseconds'),
  maxDelay: number(0, LONGEST, 'milliseconds'),
  shadowAttempts: attempts,
  freshAttempts: attempts,
  calmAfter: number(0, Infinity, 'milliseconds'),
};

const ALLOW = { allow: or(oneOf('loopback', 'any'), fn) };

/** Throws `bad_options`, or `bad_limits` for a member of `limits`. */
export function checkOptions(options: unknown): asserts options is ServeOptions {
  if (!isRecord(options)) throw badOption('options', options, 'Give an object: serve({ rooms: [chat] }).');
  check(options, OPTIONS, '');
  const { rooms, recovery, tree, operator, limits } = options;
  if (rooms === undefined) throw badOption('rooms', rooms, `Give ${OPTIONS.rooms.allowed}.`);
  if (isRecord(recovery)) check(recovery, RECOVERY, 'recovery.');
  if (isRecord(tree)) check(tree, ALLOW, 'tree.');
  if (isRecord(operator)) check(operator, ALLOW, 'operator.');
  if (isRecord(limits)) checkLimits(limits);
}

/** An option whose value is none that is allowed. */
export function badOption(name: string, value: unknown, remedy: string): GenroomError {
  return new GenroomError('bad_options', `The option \`${name}\` of serve is ${shown(value)}`, { remedy });
}

function check(options: Record<string, unknown>, rules: Readonly<Record<string, Rule>>, path: string): void {
  for (const [name, value] of Object.entries(options)) {
    if (!Object.hasOwn(rules, name)) {
      throw new GenroomError('bad_options', `serve has no option \`${path}${name}\` (${shown(value)})`, {
        remedy: `Correct its name, or leave it out${near(name, rules)}`,
      });
    }
    const rule = rules[name]!;
    if (value === undefined || rule.holds(value)) continue;
    throw badOption(path + name, value, `Give ${rule.allowed}${name === 'rooms' ? '' : ', or leave it out'}.`);
  }
}

function isRooms(value: unknown): boolean {
  if (!Array.isArray(value)) return false;
  const names = value.map((room: unknown) => (isRecord(room) && room['kind'] === 'room' ? room['name'] : undefined));
  return names.every((name) => typeof name === 'string') && new Set(names).size === names.length;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function shown(value: unknown): string {
  if (typeof value === 'string') return `'${value}'`;
  if (typeof value === 'function') return 'a function';
  if (Array.isArray(value)) return `[${value.map(shown).join(', ')}]`;
  if (!isRecord(value)) return String(value);
  return `{ ${Object.keys(value).join(', ')} }`;
}
