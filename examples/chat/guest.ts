/** A guest of a chat room: the options it joins with, and what it may do. Runs in a process of its own. */
import { player, refuse } from 'genroom';
import * as z from 'zod';
import { FULL, take } from './rate.ts';

export const NAME_MOST = 24;
export const ROOM_MOST = 32;

/** One line of text: trimmed, white space joined, nothing that controls a terminal or turns the direction of writing. */
const label = (most: number) =>
  z
    .string()
    .max(200)
    .transform((text) =>
      text
        .replace(/[\p{Cc}\p{Cf}]/gu, '')
        .replace(/\s+/g, ' ')
        .trim(),
    )
    .pipe(z.string().min(1).max(most));

export const guestOptions = z.object({ name: label(NAME_MOST), room: label(ROOM_MOST) });

const LOOPBACK = /^(127\.|::1$|::ffff:127\.|(0{1,4}:){7}0{0,3}1$|(0{1,4}:){5}ffff:7f)/i;

export const guest = player({
  options: guestOptions,
  /** Who sits at the server's own machine may crash the room on purpose. */
  auth: ({ ip, headers }) => ({ operator: LOOPBACK.test(ip) && headers['x-forwarded-for'] === undefined }),
  state: () => ({ rate: FULL }),
  /** Too many lines are refused here, before they cost the room anything. */
  admit(self, { type }) {
    if (type !== 'post') return;
    const { bucket, wait } = take(self.state.rate, self.now());
    if (wait > 0) throw refuse('too_fast', 'You are posting faster than two lines a second.', { wait });
    self.state = { rate: bucket };
  },
});
