/** A room's module that starts a server as well, as a main module does: no worker can import it. */
import { schema, t } from '@colyseus/schema';
import { serve } from '../../src/gateway/serve.ts';
import { room } from '../../src/room/definition.ts';

const Empty = schema({ n: t.number() }, 'Empty');

export const somewhere = room({ name: 'somewhere', module: import.meta.url, state: () => new Empty() });

await serve({ rooms: [somewhere], port: 0, log: false });
