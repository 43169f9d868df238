/**
 * Faults: what the fuzzer must find. Each replaces one text of one file of framework/src/otp.
 *
 * A text stands in its file exactly once; where the file has changed so that it does not, the fault has to be written
 * anew, and says so when it is applied.
 */
export interface Fault {
  readonly name: string;
  /** In framework/src/otp. */
  readonly file: string;
  readonly from: string;
  readonly to: string;
}

export const FAULTS: readonly Fault[] = [
  {
    name: 'a DOWN is lost',
    file: 'process/exit-signals.ts',
    from: 'watchers?.each(tellWatcher, reason, undefined);',
    to: 'for (const monitor of [...(watchers ?? [])].slice(1)) tellWatcher(monitor, reason);',
  },
  {
    name: 'a DOWN shows another reason',
    file: 'process/exit-signals.ts',
    from: 'attempt(notifyDown, monitor, reason, undefined)',
    to: "attempt(notifyDown, monitor, 'normal', undefined)",
  },
  {
    name: 'a monitor of a process that is gone tells nothing',
    file: 'runtime/monitor.ts',
    from: "notifyDown(monitor, 'noproc');",
    to: '',
  },
  {
    name: 'demonitor does not flush',
    file: 'runtime/monitor.ts',
    from: 'if (flush && !stood)',
    to: 'if (flush && stood)',
  },
  {
    name: 'kill can be trapped',
    file: 'process/exit-signals.ts',
    from: "if (reason === 'kill') target",
    to: "if (reason === 'kill' && !target.trapExit) target",
  },
  {
    name: 'a kill shows as kill, not as killed',
    file: 'process/exit-signals.ts',
    from: "target.exitBySignal('killed')",
    to: "target.exitBySignal('kill')",
  },
  {
    name: 'an EXIT with the reason normal ends who is linked',
    file: 'process/exit-signals.ts',
    from: "else if (reason !== 'normal') target.exitBySignal(reason);",
    to: 'else target.exitBySignal(reason);',
  },
  { name: 'exit(self, normal) is ignored', file: 'process/exit-signals.ts', from: ' || target.pid === from', to: '' },
  {
    name: 'a link binds one side only',
    file: 'runtime/monitor.ts',
    from: '(b.links ??= new SmallSet()).add(a);',
    to: '',
  },
  { name: 'unlink takes one side away only', file: 'runtime/monitor.ts', from: 'b.links?.delete(a);', to: '' },
  {
    name: 'a link to a process that is gone is silent',
    file: 'process/process.ts',
    from: 'else throw noSuchProcess(pid);',
    to: '',
  },
  { name: 'startLink does not link', file: 'process/start.ts', from: 'addLink(parent!, proc);', to: '' },
  {
    name: 'selective receive loses what it skips',
    file: 'process/receiving.ts',
    from: 'if (!matches) continue;',
    to: 'if (!matches) {\n      mailbox.remove(waiting.seen--);\n      continue;\n    }',
  },
  {
    name: 'a late reply is delivered',
    file: 'runtime/from.ts',
    from: 'if (!this.#close()) return;\n    this.#resolve(value);',
    to: "if (!this.#close()) return this.#caller?.deliver('late', value, CAST);\n    this.#resolve(value);",
  },
  {
    name: 'a call to itself hangs',
    file: 'gen-server/call.ts',
    from: 'if (server === caller) return',
    to: 'if (server !== server) return',
  },
  {
    name: 'a call to nobody hangs',
    file: 'gen-server/call.ts',
    from: "return Promise.reject(new CallError('call_noproc', callText(target, name), 'noproc'));",
    to: 'return new Promise(() => {});',
  },
  {
    name: 'a call waits for ever for a server that has ended',
    file: 'process/exit-signals.ts',
    from: 'call = proc.openCalls) attempt(failCall, call, reason, undefined)',
    to: 'call = undefined) break',
  },
  {
    name: 'a call never times out',
    file: 'runtime/from.ts',
    from: 'if (call.#timeout !== Infinity)',
    to: 'if (call.#timeout < 0)',
  },
  {
    name: 'a failed call ends its process with the bare reason',
    file: 'process/thrown.ts',
    from: "return { kind: 'callFailed', reason: thrown.reason, call: thrown.call };",
    to: 'return thrown.reason;',
  },
  {
    name: "terminate does not run for the parent's EXIT",
    file: 'gen-server/gen-server-process.ts',
    from: 'return this.stopWith(message.reason, undefined, undefined);',
    to: 'return endProcess(this, message.reason);',
  },
  {
    name: "the parent's EXIT is a message as any",
    file: 'gen-server/gen-server-process.ts',
    from: 'message.from === this.boundTo',
    to: 'message.from === undefined',
  },
  {
    name: 'terminate runs when a signal ends the process',
    file: 'gen-server/gen-server-process.ts',
    from: 'override exitBySignal(reason: ExitReason): void {\n    endProcess(this, reason);',
    to: 'override exitBySignal(reason: ExitReason): void {\n    this.stopWith(reason, undefined, undefined);',
  },
  {
    name: 'a message does not cancel the idle timeout',
    file: 'gen-server/gen-server-process.ts',
    from: 'this.stopIdle(first === SYSTEM);',
    to: 'void 0;',
  },
  {
    name: 'brutal kill asks as shutdown does',
    file: 'supervisor/child-process.ts',
    from: "spec.shutdown === 'brutalKill' ? 'kill' : 'shutdown'",
    to: "'shutdown'",
  },
  {
    name: 'a child that overstays its shutdown is left alive',
    file: 'supervisor/child-process.ts',
    from: "() => sendExit(child, supervisor.pid, 'kill'))",
    to: '() => {})',
  },
  {
    name: 'the intensity is off by one',
    file: 'supervisor/restart-intensity.ts',
    from: 'history.length > max',
    to: 'history.length > max + 1',
  },
  {
    name: 'restarts are forgotten',
    file: 'supervisor/supervisor-server.ts',
    from: 'state.restarts, intensity',
    to: '[], intensity',
  },
  {
    name: 'a temporary child is started again',
    file: 'supervisor/restart-strategy.ts',
    from: "return restart === 'permanent' || (restart === 'transient' &&",
    to: "return restart !== 'transient' || (restart === 'transient' &&",
  },
  {
    name: 'a transient child is started again after a shutdown',
    file: 'supervisor/restart-strategy.ts',
    from: "(restart === 'transient' && !isOrderly(reason))",
    to: "(restart === 'transient' && reason !== 'normal')",
  },
  {
    name: 'rest_for_one starts earlier children again',
    file: 'supervisor/restart-strategy.ts',
    from: 'children.slice(children.indexOf(failed))',
    to: 'children',
  },
  {
    name: 'rest_for_one leaves later children alone',
    file: 'supervisor/restart-strategy.ts',
    from: 'children.slice(children.indexOf(failed))',
    to: '[failed]',
  },
  {
    name: 'one_for_all starts again in the wrong order',
    file: 'supervisor/restart-strategy.ts',
    from: 'return all();',
    to: 'return all().reverse();',
  },
  {
    name: 'children are stopped in the order of their start',
    file: 'supervisor/supervisor-server.ts',
    from: 'const { pid, spec } = list[i]!;\n      state.children.runs(list[i]!, undefined);',
    to: 'const { pid, spec } = list[last - i]!;\n      state.children.runs(list[last - i]!, undefined);',
  },
  {
    name: 'a failed restart is not tried again',
    file: 'supervisor/supervisor-server.ts',
    from: 'me.deliver(retry, undefined, INFO)',
    to: 'undefined',
  },
  {
    name: 'a temporary bystander is remembered',
    file: 'supervisor/supervisor-server.ts',
    from: "for (const other of set) if (other.spec.restart === 'temporary') state.children.delete(other);",
    to: '',
  },
  {
    name: 'any significant end waits for all',
    file: 'supervisor/supervisor-server.ts',
    from: "if (autoShutdown === 'anySignificant' || !othersRun)",
    to: 'if (!othersRun)',
  },
  {
    name: 'children are listed in the order of their start',
    file: 'supervisor/supervisor-server.ts',
    from: 'inOrder().map(describe).reverse()',
    to: 'inOrder().map(describe)',
  },
  {
    name: 'a dynamic supervisor takes one child too many',
    file: 'supervisor/dynamic-supervisor.ts',
    from: 'state.children.size >= maxChildren',
    to: 'state.children.size > maxChildren',
  },
  {
    name: 'a registry keeps the names of the dead',
    file: 'process/exit-signals.ts',
    from: 'for (const name of proc.names) attempt(releaseName, name, proc, undefined)',
    to: 'void 0',
  },
  {
    name: 'a taken name goes to who asks last',
    file: 'registry/registry-process.ts',
    from: 'if (held && held.proc.status !== DEAD) return held;',
    to: '',
  },
  {
    name: 'unregister takes the entries of others too',
    file: 'registry/registry-process.ts',
    from: 'entry.proc === proc && matches',
    to: 'matches',
  },
  {
    name: 'dispatch leaves out the first',
    file: 'registry/registry-queries.ts',
    from: 'if (entries.length > 0) run(entries);',
    to: 'if (entries.length > 0) run(entries.slice(1));',
  },
  {
    name: 'cancelling a timer says that it was too late',
    file: 'process/process.ts',
    from: 'undefined : result;',
    to: 'undefined : false;',
  },
];
