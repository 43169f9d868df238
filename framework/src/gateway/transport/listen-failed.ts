/** Why a port could not be listened on, and what to do. */
import { GenroomError } from '../../platform/errors.ts';

export function listenFailed(host: string, port: number, cause?: unknown): GenroomError {
  return new GenroomError('listen_failed', `Cannot listen on ${host}:${port}`, {
    cause,
    remedy: 'End what listens there, or choose another port, and check that the address is one of this machine.',
  });
}
