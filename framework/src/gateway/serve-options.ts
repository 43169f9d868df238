/** What `serve` takes, and what it gives. */
import type { RoomDefinition } from '../room/definition.ts';
import type { Log, LogFormat } from '../telemetry/log.ts';
import type { TransportChoice } from './gateway.ts';
import type { HttpHandler } from './http/handler.ts';
import type { OperatorOptions, TreeView } from './http/operator.ts';
import type { Limits } from './limits.ts';
import type { RecoveryPolicy } from './shell/index.ts';

export interface ServeOptions {
  /** The kinds of room that clients can join, by their names. */
  readonly rooms: readonly RoomDefinition[];
  /** Default 2567; 0 takes a free one. */
  readonly port?: number;
  /** Default 127.0.0.1: this machine only. `0.0.0.0` for all. */
  readonly host?: string;
  /** Worker threads for the rooms; each room then needs `module`. Default 0: the main thread. */
  readonly nodes?: number;
  /** A folder served over HTTP. Default none. */
  readonly static?: string;
  /** Routes of your own: a Request in, a Response out, or undefined to pass. They come before `static`. */
  readonly routes?: readonly HttpHandler[];
  /** Default `auto`: uWebSockets.js where it loads, else `ws` with a warning. */
  readonly transport?: TransportChoice;
  /** What a connection may cost. */
  readonly limits?: Partial<Limits>;
  /**
   * For how long the seat of a client whose line went is kept, in **seconds** as in Colyseus; all other times here are
   * milliseconds. Default 60.
   */
  readonly reconnection?: number;
  /** How long a call of a client may take, in **milliseconds**. Default 10,000; suspended under `--inspect`. */
  readonly callTimeout?: number;
  /** How rooms that crash past their intensity come back. */
  readonly recovery?: Partial<RecoveryPolicy>;
  /**
   * How long a worker thread may go without a turn of its event loop, in **milliseconds**; then it is ended, its rooms
   * start again on the next one, and no socket is closed. false: for ever. Default 5,000; suspended under `--inspect`.
   */
  readonly hangTimeout?: number | false;
  /**
   * How long the main thread may go without a turn of its event loop, in **milliseconds**; then a watchdog thread names
   * the process and the line that hang, and kills the server, for whoever keeps it running to start again. false: no
   * watchdog. Default 10,000; suspended under `--inspect`.
   */
  readonly watchdog?: number | false;
  /**
   * Whether clients are told why a room did not start or was given up, with the text of what was thrown; else they get
   * the code and a general line. Default: not where NODE_ENV is `production`.
   */
  readonly exposeErrors?: boolean;
  /** Whether X-Forwarded-For and its like name the client; only behind a proxy that sets them. Default false. */
  readonly trustProxy?: boolean;
  /** Shows the supervision tree at `GET /genroom/tree`, by default to this machine only. Default false. */
  readonly tree?: boolean | Pick<OperatorOptions, 'allow'>;
  /** The tree, and orders: `POST /genroom/crash/<roomId>`. By default from this machine only. Default false. */
  readonly operator?: boolean | Pick<OperatorOptions, 'allow'>;
  /** One line an entry, to stderr, or a function of yours, on the main thread; false: none. Default `text`. */
  readonly log?: LogFormat | Log | false;
  /** A failure that no process owns: `report` (default), or `exit`: close, then end the process with code 1. */
  readonly unowned?: 'report' | 'exit';
  /** Whether SIGINT and SIGTERM close the server and end the process. Default true. */
  readonly signals?: boolean;
}

export interface GenroomServer {
  /** `http://host:port`, of this machine where the host is all of its addresses. */
  readonly url: string;
  readonly host: string;
  readonly port: number;
  readonly transport: 'uws' | 'ws';
  /** What `GET /genroom/tree` shows. */
  tree(): Promise<TreeView>;
  /** Has a room, or a session's Player, crash in a turn of its own. False when there is none such. */
  crash(roomId: string, error?: string, sessionId?: string): boolean;
  /** Ends the rooms (their clients see 4001), then all else. Waits at most `grace` milliseconds, default 10,000. */
  close(grace?: number): Promise<void>;
}
