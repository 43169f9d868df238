/** RemoteName: a name in a registry of another node, OTP's `{name, node}`. It finds its process there, at each use. */
import { BadArgument } from '../otp/runtime/errors.ts';
import type { GenServer } from '../otp/gen-server/gen-server.ts';
import type { Pid } from '../otp/runtime/pid.ts';
import type { Proc } from '../otp/runtime/proc.ts';
import { type NameAddress, type RemoteNode, RemoteProc } from '../otp/runtime/remote.ts';
import { ViaName } from '../otp/process/target.ts';

export class RemoteName<G extends GenServer = GenServer> extends ViaName<G> {
  readonly node: string;
  readonly #address: NameAddress;
  readonly #find: (node: string) => RemoteNode;

  constructor(node: string, address: NameAddress, find: (node: string) => RemoteNode) {
    super();
    this.node = node;
    this.#address = address;
    this.#find = find;
  }

  override get address(): NameAddress {
    return this.#address;
  }

  /** What stands for whoever has the name there; there may be nobody. */
  override resolve(): Proc {
    return RemoteProc.of(this.#find(this.node), this.#address);
  }

  override claim(): Pid | undefined {
    throw new BadArgument(
      'bad_name',
      `${String(this)} is a name on another node`,
      'Register a process on the node where it runs.',
    );
  }

  override toString(): string {
    return `${this.#address.registry}/${String(this.#address.key)} on ${this.node}`;
  }
}
