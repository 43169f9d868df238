/**
 * What this repository's own scripts set for everything they start: the cure of uWebSockets.js for old glibc is on.
 * (In a user's project it is `genroom doctor --fix` that applies it; see docs/decisions/0002-old-glibc.md.)
 *
 *     node --import ./tools/workspace.ts examples/chat/server.ts
 */
process.env.GENROOM_GLIBC_CURE ||= 'on';
