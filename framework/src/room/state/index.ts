/**
 * The state codec: a room's `state` as changes for its shadow, as bytes for its clients, and back after a crash.
 *
 *     const tracked = trackState(new ChatState());            // or restoreState(new ChatState(), snapshot)
 *     const change = tracked.commit();                        // after each good turn; goes to shadow.apply(change)
 *     const { shared, perClient } = tracked.flush();          // at the patch rate, or before a reply
 *     tracked.fullState(sessionId);                           // a client that joined, or every client after a restart
 */
export { trackState } from './tracked-state.ts';
export type { TrackedState } from './tracked-state.ts';
export { restoreState } from './restore.ts';
export { Shadow } from './shadow.ts';
export type { PatchFrames } from './patch-writer.ts';
export type { StateChange, StateSnapshot } from './state-change.ts';
