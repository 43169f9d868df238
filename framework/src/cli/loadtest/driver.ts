/**
 * The driver: the one VU of a load run, inside k6. It joins its clients, sends messages at the times they are due, and
 * writes what each rate came to as one line of the console.
 *
 * Invariants
 * - Due times are absolute and drawn beforehand; latency counts from the due time, so that a late generator or a full
 *   queue cannot hide waiting (coordinated omission).
 * - The load is open: a message is sent when it is due, whatever is unanswered.
 * - One timer for all sockets, and no output while a rate counts: the generator stays as idle as it can.
 * - What the generator itself adds is measured: how late it sent, and how late it looked at what had come.
 *
 *     export default () => drive({ url, room, script, packr, steps }); // in the entry that run.ts writes
 */
// Ambient modules have nothing to import, and who checks this file need not have listed theirs.
// oxlint-disable-next-line typescript/triple-slash-reference
/// <reference path="./k6-modules.d.ts" />
import exec from 'k6/execution';
import http, { type Response } from 'k6/http';
import { WebSocket } from 'k6/websockets';
import { type Histogram, newHistogram, record } from './histogram.ts';
import {
  type Answer,
  castFrame,
  Code,
  joinAck,
  leaveFrame,
  readAnswer,
  readErrorCode,
  requestFrame,
  seatUrl,
} from './protocol.ts';
import type { LoadMessage, LoadScript, LoadStep } from './script.ts';

interface Packer {
  pack(value: unknown): Uint8Array;
  unpack(bytes: Uint8Array): unknown;
}

export interface Drive {
  readonly url: string;
  readonly room: string;
  readonly script: LoadScript;
  readonly packr: Packer;
  /** Instead of the script's rates. */
  readonly steps?: readonly LoadStep[] | undefined;
  readonly warmup?: number | undefined;
  readonly seed?: number | undefined;
}

/** Means of so many slices of a rate give its confidence interval. */
const BATCHES = 20;
/** Below this rate the last fraction of a millisecond to a due time is waited out: timers of k6 are late by as much. */
const PRECISE_RATE = 300;
const PRECISE_MS = 0.6;

/** Too many joins from one address. */
const TOO_MANY = 429;
/** Seconds for which one client asks again, and those it waits where the answer does not say. */
const JOIN_PATIENCE = 60;
const RETRY_AFTER = 1;

/** What one rate came to, as the driver writes it. */
export interface StepLine {
  readonly kind: 'step';
  readonly rate: number;
  readonly seconds: number;
  /** When it began and ended to count, by the wall clock in milliseconds. */
  readonly from: number;
  readonly until: number;
  readonly sent: number;
  readonly answered: number;
  /** Answered within the time that counts, whenever it was due. */
  readonly answeredWithin: number;
  readonly unanswered: number;
  readonly failures: Readonly<Record<string, number>>;
  readonly latency: Histogram;
  readonly sendLag: Histogram;
  readonly receiveLag: Histogram;
  /** Frames that came, of any kind. */
  readonly received: number;
  readonly batches: readonly { readonly count: number; readonly sum: number }[];
}

export type DriverLine =
  | StepLine
  | { readonly kind: 'joined'; readonly clients: number; readonly held: Held }
  | { readonly kind: 'failed'; readonly why: string };

/** How the server's limit on joins (429) held the clients up. */
export interface Held {
  readonly times: number;
  readonly seconds: number;
}

interface Sent {
  readonly due: number;
  readonly message: LoadMessage;
  readonly step: Step | undefined;
}

/** A rate under way. */
interface Step {
  readonly from: number;
  readonly until: number;
  readonly line: { -readonly [K in keyof StepLine]: StepLine[K] } & {
    failures: Record<string, number>;
    batches: { count: number; sum: number }[];
  };
}

export async function drive(options: Drive): Promise<void> {
  try {
    await new Driver(options).run();
  } catch (error) {
    say({ kind: 'failed', why: String(error) });
  }
}

function say(line: DriverLine): void {
  console.log(JSON.stringify(line));
}

const now = (): number => exec.instance.currentTestRunDuration;
const sleep = (ms: number): Promise<void> => new Promise((resolve) => void setTimeout(resolve, Math.max(0, ms)));

class Driver {
  readonly #options: Drive;
  readonly #sockets: WebSocket[] = [];
  readonly #open = new Map<number, Sent>();
  readonly #random: () => number;
  #current: Step | undefined;
  #next = 1;
  #closing = false;
  #lost = 0;
  readonly #held = { times: 0, seconds: 0 };

  constructor(options: Drive) {
    this.#options = options;
    this.#random = seeded(options.seed ?? 1);
  }

  async run(): Promise<void> {
    const { script, steps, warmup } = this.#options;
    const { clients = 10, rates = [10, 20, 50, 100, 200], seconds = 10 } = script;
    for (let client = 0; client < clients; client++) await this.#join(client);
    say({ kind: 'joined', clients, held: this.#held });
    await sleep(500);
    for (const step of steps ?? rates.map((rate) => ({ rate, seconds }))) {
      say(await this.#step(step, (warmup ?? script.warmup ?? 2) * 1000));
      if (this.#lost === clients) throw new Error('all connections were closed by the server');
    }
    this.#closing = true;
    // Leaving gives the seats back; a socket that only closes keeps its seat for a while.
    for (const socket of this.#sockets) if (socket.readyState === 1) socket.send(leaveFrame);
    await sleep(300);
    for (const socket of this.#sockets) if (socket.readyState === 1) socket.close();
  }

  async #join(client: number): Promise<void> {
    const { url, room, script } = this.#options;
    const name = script.room?.(client) ?? room;
    const reply = await this.#ask(`${url}/matchmake/joinOrCreate/${name}`, JSON.stringify(script.join?.(client) ?? {}));
    if (reply.status !== 200)
      throw new Error(`client ${client} was not let into ${name}: ${reply.status} ${reply.body}`);
    const socket = new WebSocket(seatUrl(url, JSON.parse(reply.body) as never), null, { tags: { name: 'room' } });
    socket.binaryType = 'arraybuffer';
    await new Promise<void>((resolve, reject) => {
      socket.onmessage = (event) => {
        if (new Uint8Array(event.data)[0] !== Code.JOIN) return;
        socket.send(joinAck);
        socket.onmessage = (later) => this.#receive(client, later);
        resolve();
      };
      socket.onerror = ({ error }) => reject(new Error(`the connection of client ${client} failed: ${error}`));
      socket.onclose = ({ code, reason }) => {
        reject(new Error(`client ${client} was closed with ${code} ${reason}`));
        if (this.#closing) return;
        this.#lost++;
        this.#fail(this.#current, `closed ${code}`);
      };
    });
    this.#sockets.push(socket);
  }

  /** Asks for a seat, no faster than the server lets in: what it refuses for that is asked again when it says. */
  async #ask(url: string, body: string): Promise<Response> {
    const headers = { 'Content-Type': 'application/json' };
    for (const began = now(); ;) {
      const reply = http.post(url, body, { headers, tags: { name: 'matchmake' } });
      const seconds = Math.max(0.1, Number(reply.headers['Retry-After'] ?? RETRY_AFTER) || RETRY_AFTER);
      if (reply.status !== TOO_MANY || now() - began + seconds * 1000 > JOIN_PATIENCE * 1000) return reply;
      this.#held.times++;
      this.#held.seconds += seconds;
      await sleep(seconds * 1000);
    }
  }

  async #step({ rate, seconds }: LoadStep, warmup: number): Promise<StepLine> {
    const begin = now() + 20;
    const step = newStep(rate, seconds, begin + warmup);
    const { script } = this.#options;
    const gap = 1000 / rate;
    this.#current = step;
    let due = begin;
    while (true) {
      due += script.pacing === 'even' ? gap : -Math.log(1 - this.#random()) * gap;
      if (due >= step.until) break;
      await this.#until(due, rate);
      this.#send(due, due >= step.from ? step : undefined);
    }
    await this.#until(step.until, rate);
    this.#current = undefined;
    const patience = now() + (script.patience ?? 5) * 1000;
    while (this.#open.size > 0 && now() < patience) await sleep(20);
    const { line } = step;
    line.unanswered = [...this.#open.values()].filter((sent) => sent.step === step).length;
    this.#open.clear();
    await sleep(300);
    return line;
  }

  /** Waits for a time; what is due already goes without a timer. */
  async #until(due: number, rate: number): Promise<void> {
    let left = due - now();
    if (left <= 0) return;
    const precise = rate <= PRECISE_RATE ? PRECISE_MS : 0;
    if (left > precise) await sleep(left - precise);
    for (left = due - now(); left > PRECISE_MS; left = due - now()) await sleep(left - precise);
    while (now() < due);
  }

  #send(due: number, step: Step | undefined): void {
    const { script, packr } = this.#options;
    const id = this.#next++;
    const client = id % this.#sockets.length;
    const message = script.message(client, id);
    const payload = message.payload === undefined ? undefined : packr.pack(message.payload).slice();
    const socket = this.#sockets[client]!;
    if (socket.readyState !== 1) return this.#fail(step, 'not connected');
    if ('call' in message) {
      this.#open.set(id, { due, message, step });
      socket.send(requestFrame(id, message.call, payload));
    } else {
      socket.send(castFrame(message.cast, payload));
    }
    if (!step) return;
    step.line.sent++;
    record(step.line.sendLag, Math.max(0, now() - due));
  }

  #receive(client: number, { data, timestamp }: { data: ArrayBuffer; timestamp: number }): void {
    const bytes = new Uint8Array(data);
    const step = this.#current;
    if (step && now() >= step.from) {
      step.line.received++;
      record(step.line.receiveLag, Math.max(0, Date.now() - timestamp));
    }
    if (bytes[0] === Code.RESPONSE) this.#answered(readAnswer(bytes));
    else if (bytes[0] === Code.ERROR) this.#fail(step, `error ${readErrorCode(bytes)} to client ${client}`);
  }

  #answered({ id, status, payload }: Answer): void {
    const at = now();
    const current = this.#current;
    if (current && at >= current.from && at < current.until) current.line.answeredWithin++;
    const sent = this.#open.get(id);
    this.#open.delete(id);
    const step = sent?.step;
    if (!sent || !step) return;
    const value = payload && this.#options.packr.unpack(payload);
    if (status !== 0) return this.#fail(step, `refused: ${reasonOf(value)}`);
    const { good } = this.#options.script;
    if (good && !good(value, sent.message)) return this.#fail(step, 'not a good answer');
    const latency = at - sent.due;
    const { line } = step;
    line.answered++;
    record(line.latency, latency);
    const batch =
      line.batches[Math.min(BATCHES - 1, Math.floor(((sent.due - step.from) / (step.until - step.from)) * BATCHES))]!;
    batch.count++;
    batch.sum += latency;
  }

  #fail(step: Step | undefined, why: string): void {
    if (step) step.line.failures[why] = (step.line.failures[why] ?? 0) + 1;
  }
}

function newStep(rate: number, seconds: number, from: number): Step {
  const wall = Date.now() + (from - now());
  return {
    from,
    until: from + seconds * 1000,
    line: {
      kind: 'step',
      rate,
      seconds,
      from: wall,
      until: wall + seconds * 1000,
      sent: 0,
      answered: 0,
      answeredWithin: 0,
      unanswered: 0,
      failures: {},
      latency: newHistogram(),
      sendLag: newHistogram(),
      receiveLag: newHistogram(),
      received: 0,
      batches: Array.from({ length: BATCHES }, () => ({ count: 0, sum: 0 })),
    },
  };
}

function reasonOf(value: unknown): string {
  if (typeof value === 'object' && value !== null) {
    const { code, message } = value as { code?: string | number; message?: string };
    return String(code ?? message ?? 'no reason');
  }
  return String(value);
}

/** Mulberry32: the same arrivals in each run. */
function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
