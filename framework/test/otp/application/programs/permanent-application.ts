/** Run by application.test.ts: the top supervisor of a permanent application goes past its intensity. */
import {
  app,
  application,
  childSpec,
  exit,
  genServer,
  startLink,
  supervisor,
  whichChildren,
  type Pid,
} from '../../../../src/otp/index.ts';

const server = genServer({ name: 'server', init: () => 0 });
let top: Pid | undefined;
const tree = supervisor({
  name: 'top',
  strategy: 'oneForOne',
  intensity: { max: 0, period: 1000 },
  children: [childSpec(server)],
});
const store = application({
  name: 'store',
  start: () => startLink(supervisor({ name: 'store', strategy: 'oneForOne', children: [] })),
  stop: () => process.stdout.write('store stopped\n'),
});
const bank = application({ name: 'bank', applications: [store], start: async () => (top = await startLink(tree)) });

await app.ensureAllStarted(bank, { type: 'permanent' });
exit((await whichChildren(top!))[0]!.pid!, 'kill');
// Only its application's end ends this program.
setInterval(() => {}, 1000);
