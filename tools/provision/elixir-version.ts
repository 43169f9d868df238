/**
 * Which Elixir the PATH has: what is compared with it, and what is kept of such a comparison, goes by that version.
 *
 *     elixirVersion() // 'Elixir 1.18.3 / OTP 27'
 */
import { spawnSync } from 'node:child_process';
import { REQUIREMENTS } from './requirements.ts';

const LIMIT_MS = 30_000;

/** The versions of Elixir and of the OTP below it. @throws Error that names the cure where it is missing or fails */
export function elixirVersion(): string {
  const ran = spawnSync('elixir', ['--version'], { encoding: 'utf8', timeout: LIMIT_MS });
  const otp = /^Erlang\/OTP (\S+)/m.exec(ran.stdout ?? '')?.[1];
  const elixir = /^Elixir (\S+)/m.exec(ran.stdout ?? '')?.[1];
  if (otp !== undefined && elixir !== undefined) return `Elixir ${elixir} / OTP ${otp}`;
  const why = ran.error ? ran.error.message : `it ended with ${ran.status} and named no version`;
  throw new Error(
    `elixir does not run (${why}): on Debian as root, \`npm run provision\` installs it; else ${REQUIREMENTS.elixir.elsewhere}.`,
  );
}
