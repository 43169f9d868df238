/**
 * Whether a debugger may stop this process. While one may, deadlines of calls are suspended: a breakpoint is no failure.
 *
 * Source: Node's inspector has a URL from the moment it listens, by `--inspect`, NODE_OPTIONS or SIGUSR1.
 */
import { url } from 'node:inspector';

export function inspecting(): boolean {
  return url() !== undefined;
}
