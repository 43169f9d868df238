/**
 * The layer below all others: errors, and what the machine offers. It knows nothing of processes and rooms.
 *
 *     import { GenroomError, loadUws } from '../platform/index.ts';
 */
export { errorLine, type ErrorText, errorText } from './error-text.ts';
export { GenroomError } from './errors.ts';
export { type LoadedUws, loadUws, type Uws, type UwsProblem } from './uws.ts';
