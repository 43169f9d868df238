/**
 * genroom/testing: rooms under test, with clients that speak the real protocol and time that a test moves.
 */
import '../platform/node-version.ts';
export { VirtualClock } from './virtual-clock.ts';
export { CallRefused, type Received, TestClient } from './test-client.ts';
export { testRoom, TestRoom, type TestRoomOptions } from './test-room.ts';
