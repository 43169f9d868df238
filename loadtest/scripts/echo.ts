/** E0: the null echo. What the generator can do at most. */
import type { LoadScript } from 'genroom/loadtest';

export default {
  clients: 32,
  message: (_client, n) => ({ call: 'echo', payload: { n } }),
  good: (answer, message) => answer === (message.payload as { n: number }).n,
} satisfies LoadScript;
