/** A program for the thread of another node: joins the port that it is given, and offers what tests start on it. */
import { parentPort, workerData, type MessagePort } from 'node:worker_threads';
import { genServer, noreply, registry, reply } from '../../src/otp/index.ts';
import { connect, nameNode, offer } from '../../src/cluster/nodes.ts';

export const ledger = offer(
  genServer({
    name: 'ledger',
    init: (first: number) => {
      if (first < 0) throw new RangeError('below zero');
      return first;
    },
    calls: {
      total: (total) => reply(total, total),
      where: (total, _: void, { client }) => reply({ client }, total),
      never: (total) => noreply(total),
    },
    casts: {
      add: (total, by: number) => noreply(total + by),
      /** Ends the thread as an uncaught failure of the host would. */
      exit: (total, code: number) => {
        process.exit(code);
        return noreply(total);
      },
      /** Never gives the thread back. */
      hang: (): never => {
        for (;;);
      },
    },
  }),
);

export const ledgers = offer(registry<typeof ledger>({ name: 'ledgers' }));

if (parentPort) {
  const { name, port } = workerData as { name: string; port: MessagePort };
  nameNode(name);
  await connect(port);
}
