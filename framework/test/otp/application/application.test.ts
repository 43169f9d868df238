/** Applications: configuration, order, what the end of one means. Rows APP- and SUPE-29. */
import { spawn as spawnChild } from 'node:child_process';
import { once } from 'node:events';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, test } from 'vitest';
import {
  app,
  type Application,
  application,
  type ApplicationError,
  type ApplicationReport,
  childSpec,
  exit,
  genServer,
  initStop,
  isAlive,
  type Pid,
  processInfo,
  registry,
  shutdown,
  start,
  startLink,
  stopServer,
  supervisor,
  via,
  whereis,
  whichChildren,
} from '../../../src/otp/index.ts';
import { counter, failure, inProcess, pause } from '../stage.ts';

afterEach(async () => {
  await app.stopAll();
  for (const known of defined.splice(0)) if (app.spec(known)) app.unload(known);
  app.onHalt();
});

const defined: Application[] = [];
/** An application that is unloaded after the test. */
function define<E extends object = Record<never, never>, S = undefined>(
  definition: Parameters<typeof application<E, S>>[0],
): Application<E> {
  const made = application<E, S>(definition);
  defined.push(made);
  return made;
}

const names = registry({ name: 'application-test' });
await start(names);
/** A tree of one counter, whose top has the application's name. */
const tree = (name: string) => (): Promise<Pid> =>
  startLink(
    supervisor({
      name,
      strategy: 'oneForOne',
      intensity: { max: 0, period: 1000 },
      children: [childSpec(counter, {})],
    }),
    undefined,
    {
      name: via(names, name),
    },
  );
const top = (name: string): Pid => whereis(via(names, name))!;

/** Defines an application that says what happens to it. */
function telling(name: string, said: string[], applications: readonly Application[] = []): Application {
  return define({
    name,
    applications,
    start: () => (said.push(`start ${name}`), tree(name)()),
    prepStop: () => void said.push(`prepStop ${name} ${isAlive(top(name))}`),
    stop: () => said.push(`stop ${name} ${whereis(via(names, name)) !== undefined}`),
  });
}

const started = (): string[] => app.startedApplications().map(({ name }) => name);
const code = async (promise: Promise<unknown>): Promise<string | undefined> => (await failure(promise)).code;
function thrown(work: () => unknown): ApplicationError {
  try {
    work();
  } catch (error) {
    return error as ApplicationError;
  }
  throw new Error('it did not throw');
}

describe('configuration', () => {
  test('APP-01 get, put, fetch, delete and all of it, by application', () => {
    const bank = define<{ limit: number; currency?: string | undefined }>({
      name: 'bank',
      env: { limit: 500, currency: 'EUR' },
    });
    const other = define({ name: 'other', env: { limit: 1 } });
    expect([app.getEnv(bank, 'limit'), app.getEnv(bank, 'limit', 7), app.fetchEnv(bank, 'limit')]).toEqual([
      undefined,
      7,
      undefined,
    ]);
    app.load(bank);
    app.load(other);
    expect(app.getEnv(bank, 'limit')).toBe(500);
    expect(app.getEnv(other, 'limit')).toBe(1);
    app.putEnv(bank, 'limit', 700);
    app.putEnv(bank, 'currency', undefined);
    expect(app.fetchEnv(bank, 'currency')).toEqual({ value: undefined });
    expect([app.getEnv(bank, 'currency', 'none'), app.fetchEnvOrThrow(bank, 'currency')]).toEqual([
      undefined,
      undefined,
    ]);
    expect(app.getAllEnv(bank)).toEqual({ limit: 700, currency: undefined });
    app.deleteEnv(bank, 'limit');
    expect([app.fetchEnv(bank, 'limit'), app.getEnv(bank, 'limit', 7)]).toEqual([undefined, 7]);
    app.putAllEnv(bank, { limit: 1, currency: 'CHF' });
    expect(app.getAllEnv(bank)).toEqual({ limit: 1, currency: 'CHF' });
    expect(app.getAllEnv(other)).toEqual({ limit: 1 });
  });

  test('APP-01 fetchEnvOrThrow tells an application that nobody knows from a value that is not set', () => {
    const bank = define<{ limit?: number; rate?: number }>({ name: 'bank' });
    const unknown = thrown(() => app.fetchEnvOrThrow(bank, 'limit'));
    expect([unknown.code, unknown.application]).toEqual(['application_not_loaded', 'bank']);
    expect(unknown.message).toContain('the application bank is neither loaded nor configured');
    app.load(bank);
    const unset = thrown(() => app.fetchEnvOrThrow(bank, 'limit'));
    expect([unset.code, unset.message.includes('the application bank has no value at limit')]).toEqual([
      'env_not_set',
      true,
    ]);
    app.unload(bank);
    app.putEnv(bank, 'rate', 1);
    expect(thrown(() => app.fetchEnvOrThrow(bank, 'limit')).code).toBe('env_not_set');
    app.deleteEnv(bank, 'rate');
  });

  test('APP-01 what is put before the application is loaded stays only if it is persistent, or the definition has no such key', () => {
    const bank = define<{ limit: number; rate: number; extra?: string }>({
      name: 'bank',
      env: { limit: 500, rate: 1 },
    });
    app.putEnv(bank, 'limit', 1);
    app.putEnv(bank, 'rate', 2, { persistent: true });
    app.putEnv(bank, 'extra', 'kept');
    expect(app.getEnv(bank, 'limit')).toBe(1);
    app.load(bank);
    expect(app.getAllEnv(bank)).toEqual({ limit: 500, rate: 2, extra: 'kept' });
    app.unload(bank);
    expect(app.getAllEnv(bank)).toEqual({});
    app.load(bank);
    expect(app.getAllEnv(bank)).toEqual({ limit: 500, rate: 2 });
    app.deleteEnv(bank, 'rate');
  });
});

describe('what is known and what runs', () => {
  test('APP-04 lists of the loaded and of the started applications', async () => {
    const lib = define({ name: 'lib', description: 'a library', version: '1.2.3' });
    const bank = define({ name: 'bank', applications: [lib], start: tree('bank') });
    expect([app.loadedApplications(), app.startedApplications()]).toEqual([[], []]);
    app.load(bank);
    expect(app.loadedApplications()).toEqual([{ name: 'bank', description: '', version: '' }]);
    expect(started()).toEqual([]);
    expect((await app.ensureAllStarted(bank)).map(({ name }) => name)).toEqual(['lib', 'bank']);
    expect(started()).toEqual(['bank', 'lib']);
    expect(app.startedApplications()[1]).toEqual({ name: 'lib', description: 'a library', version: '1.2.3' });
    expect(thrown(() => app.unload(lib)).code).toBe('application_running');
    await app.stop(bank);
    expect([started(), app.loadedApplications().length]).toEqual([['lib'], 2]);
    app.unload(bank);
    expect(app.loadedApplications().map(({ name }) => name)).toEqual(['lib']);
    expect(thrown(() => app.unload(bank)).code).toBe('application_not_loaded');
  });

  test('APP-05 what is known of an application, undefined unless it is loaded', () => {
    const lib = define({ name: 'lib' });
    const bank = define({ name: 'bank', description: 'accounts', version: '2.0.0', applications: [lib] });
    expect(app.spec(bank)).toBe(undefined);
    app.load(bank);
    expect(app.spec(bank)).toEqual({ name: 'bank', description: 'accounts', version: '2.0.0', applications: ['lib'] });
    expect(app.spec(lib)).toBe(undefined);
    expect(thrown(() => app.load(application({ name: 'bank' }))).code).toBe('application_name_taken');
  });
});

describe('start and stop', () => {
  test('what an application needs is started first, and all is stopped in reverse: prepStop, its tree, stop', async () => {
    const said: string[] = [];
    const store = telling('store', said);
    const names2 = telling('names', said);
    const bank = telling('bank', said, [store, names2]);
    expect(await code(app.start(bank))).toBe('dependency_not_started');
    expect(((await failure(app.start(bank))) as ApplicationError).application).toBe('store');
    await app.start(names2);
    expect((await app.ensureAllStarted(bank)).map(({ name }) => name)).toEqual(['store', 'bank']);
    expect(await app.ensureAllStarted(bank)).toEqual([]);
    expect(await code(app.start(bank))).toBe('application_started');
    await app.ensureStarted(bank);
    expect(said.splice(0)).toEqual(['start names', 'start store', 'start bank']);
    await app.stopAll();
    expect(said).toEqual(['bank', 'store', 'names'].flatMap((name) => [`prepStop ${name} true`, `stop ${name} false`]));
    expect(await code(app.stop(bank))).toBe('application_not_started');
  });

  test('its tree stands above nobody: who started it may end, and linked to its master its top ends with it', async () => {
    const bank = define({ name: 'bank', start: tree('bank') });
    await inProcess(() => app.start(bank));
    await pause(2);
    const { parent } = processInfo(top('bank'))!;
    expect(processInfo(parent!)).toMatchObject({
      behaviour: 'genServer application',
      label: 'bank',
      links: [top('bank')],
    });
    const [{ pid: child }] = (await whichChildren(top('bank'))) as unknown as [{ pid: Pid }];
    exit(parent!, 'kill');
    await pause(5);
    expect([whereis(via(names, 'bank')), isAlive(child), started()]).toEqual([undefined, false, []]);
  });

  test('the state that its start gave reaches prepStop, and what that returns reaches stop', async () => {
    const seen: unknown[] = [];
    const bank = define<object, string>({
      name: 'bank',
      start: async () => ({ pid: await tree('bank')(), state: 'first' }),
      prepStop: (state) => (seen.push(state), 'second'),
      stop: (state) => seen.push(state),
    });
    await app.start(bank);
    await app.stop(bank);
    expect(seen).toEqual(['first', 'second']);
  });

  test('what prepStop and stop throw is reported and stops nothing', async () => {
    const reports = await reportsOf(async () => {
      const bank = define({
        name: 'bank',
        start: tree('bank'),
        prepStop: () => {
          throw new Error('one');
        },
        stop: () => Promise.reject(new Error('two')),
      });
      await app.start(bank, { type: 'permanent' });
      await app.stop(bank);
    });
    expect(whereis(via(names, 'bank'))).toBe(undefined);
    expect(reports).toMatchObject([
      { event: 'started', application: 'bank', type: 'permanent' },
      { event: 'callbackFailed', callback: 'prepStop', error: { message: 'one' } },
      { event: 'callbackFailed', callback: 'stop', error: { message: 'two' } },
      { event: 'exited', reason: 'normal', halts: false },
    ]);
  });

  test('SUPE-29 a start that fails says which child of the tree failed, and leaves nothing', async () => {
    const failing = genServer({ name: 'failing', init: () => initStop('no') });
    const bank = define({
      name: 'bank',
      start: () =>
        startLink(
          supervisor({ name: 'bank', strategy: 'oneForOne', children: [childSpec(counter, {}), childSpec(failing)] }),
        ),
    });
    const error = (await failure(app.start(bank))) as ApplicationError;
    expect([error.code, error.reason]).toEqual([
      'application_start_failed',
      shutdown({ failedToStartChild: 'failing', reason: 'no' }),
    ]);
    expect([started(), app.spec(bank)?.name]).toEqual([[], 'bank']);
    for (const [begin, reason] of [
      [() => Promise.reject(new TypeError('no')), { kind: 'crash', error: new TypeError('no') }],
      [async () => 'junk' as never, { kind: 'badReturn', value: 'junk' }],
    ] as const) {
      const broken = define({ name: 'broken', start: begin });
      expect((await failure(app.start(broken))).reason).toEqual(reason);
      app.unload(broken);
    }
  });

  test('where one of several fails to start, those started for it are stopped again', async () => {
    const said: string[] = [];
    const [ran, store] = [telling('ran', said), telling('store', said)];
    await app.start(ran);
    const bank = define({ name: 'bank', applications: [ran, store], start: () => Promise.reject(new Error('no')) });
    expect(await code(app.ensureAllStarted(bank))).toBe('application_start_failed');
    expect(started()).toEqual(['ran']);
    expect(said.at(-1)).toBe('stop store false');
  });

  test('two starts at once are one', async () => {
    let starts = 0;
    const bank = define({
      name: 'bank',
      start: async () => {
        starts++;
        await pause(5);
        return tree('bank')();
      },
    });
    const user = define({ name: 'user', applications: [bank], start: tree('user') });
    const outcomes = await Promise.allSettled([app.start(bank), app.start(bank), app.ensureAllStarted(user)]);
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect([starts, started()]).toEqual([1, ['user', 'bank']]);
    expect(await code(app.start(bank, { type: 'forever' as never }))).toBe('invalid_start_type');
  });
});

/** What is reported while `work` runs. */
async function reportsOf(work: () => Promise<unknown>): Promise<ApplicationReport[]> {
  const heard: ApplicationReport[] = [];
  const hear = (report: unknown): unknown => heard.push(report as ApplicationReport);
  subscribe('genroom:application', hear);
  try {
    await work();
  } finally {
    unsubscribe('genroom:application', hear);
  }
  return heard;
}

describe('the end of an application by itself', () => {
  for (const [type, reason, halts] of [
    ['permanent', 'normal', true],
    ['permanent', 'shutdown', true],
    ['permanent', 'x', true],
    ['transient', 'normal', false],
    ['transient', 'shutdown', true],
    ['transient', 'x', true],
    ['temporary', 'normal', false],
    ['temporary', 'shutdown', false],
    ['temporary', 'x', false],
  ] as const) {
    test(`${type}, ${reason}: ${halts ? 'all others are stopped, then the node ends' : 'it is reported, no more'}`, async () => {
      const said: string[] = [];
      const first = telling('first', said);
      const last = telling('last', said);
      /** Ends with the reason it is told. */
      const bare = genServer({ name: 'bare', trapExit: false, init: () => 0, casts: {} });
      const bank = define({
        name: 'bank',
        start: () => startLink(bare, undefined, { name: via(names, 'bank') }),
        stop: () => said.push('stop bank'),
      });
      const halted: unknown[] = [];
      app.onHalt((which, why) => halted.push([which.name, why, started()]));
      await app.start(first);
      await app.start(bank, { type });
      await app.start(last, { type: 'permanent' });
      said.length = 0;
      const reports = await reportsOf(async () => {
        await stopServer(top('bank'), reason);
        for (let n = 0; n < 100 && halts && halted.length === 0; n++) await pause(2);
        await pause(5);
      });
      expect(reports[0]).toEqual({ event: 'exited', application: 'bank', type, reason, halts });
      expect(halted).toEqual(halts ? [['bank', reason, []]] : []);
      expect(said).toEqual([
        'stop bank',
        ...(halts ? ['prepStop last true', 'stop last false', 'prepStop first true', 'stop first false'] : []),
      ]);
      expect(started()).toEqual(halts ? [] : ['last', 'first']);
    });
  }

  test('a tree past its intensity ends its application with shutdown, which a permanent one does not survive', async () => {
    const halted: unknown[] = [];
    app.onHalt((which, why) => halted.push([which.name, why]));
    await app.start(define({ name: 'bank', start: tree('bank') }), { type: 'permanent' });
    exit((await whichChildren(top('bank')))[0]!.pid!, 'kill');
    for (let n = 0; n < 100 && halted.length === 0; n++) await pause(2);
    expect(halted).toEqual([['bank', 'shutdown']]);
  });

  test('the node really ends, with exit code 1 and a line that names the application', async () => {
    const main = fileURLToPath(new URL('programs/permanent-application.ts', import.meta.url));
    const child = spawnChild(process.execPath, [main], { stdio: ['ignore', 'pipe', 'pipe'], timeout: 20_000 });
    let [out, err] = ['', ''];
    child.stdout.on('data', (data) => (out += data));
    child.stderr.on('data', (data) => (err += data));
    const [exitCode] = (await once(child, 'close')) as [number | null];
    expect([exitCode, out, err]).toEqual([
      1,
      'store stopped\n',
      'genroom: the application bank has ended: shutdown; so does this node\n',
    ]);
  });
});
