/** A room whose tick never returns once it is armed, also after a restart; in a module of its own, for worker threads. */
import { schema, t } from '@colyseus/schema';
import * as z from 'zod';
import { room } from '../../src/room/definition.ts';

const Spin = schema({ armed: t.boolean() }, 'Spin');

export const spinner = room({
  name: 'spinner',
  module: import.meta.url,
  state: () => new Spin().assign({ armed: false }),
  messages: { arm: z.undefined() },
  casts: { arm: (self) => void (self.state.armed = true) },
  tick: {
    hz: 20,
    step(self) {
      while (self.state.armed);
    },
  },
});

/** Hangs at its first start, before anybody can be told. */
export const stuck = room({
  name: 'stuck',
  module: import.meta.url,
  state: () => new Spin().assign({ armed: true }),
  init(self) {
    while (self.state.armed);
  },
});
