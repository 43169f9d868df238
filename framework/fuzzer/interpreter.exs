# Runs the fuzzer's programs on Elixir; interpreter.ts does the same on genroom. What the two mean by each operation is
# said in program.ts.
#
# Reads one program a line from standard input, "NUMBER TERM.", where TERM is a map in Erlang's notation, and writes
# "NUMBER JSON" for each: what every process observed. Several programs run at a time, each driven by a process of its
# own; with one scheduler, so that a driver that yields has seen everybody run.
#
# Argument: 0, or a seed: then processes yield at random between their operations, as a test that the outcome does not
# hang on the order in which the BEAM happens to run them.
:logger.set_primary_config(:level, :none)

defmodule Ctx do
  # t: table of the program; driver: process that runs it; slot: which of the drivers, for names of registries.
  defstruct [:t, :driver, :slot, :seed]

  @short 25
  @stop 75
  # Milliseconds of a time of the program. What is long never passes.
  def ms(:short), do: @short
  def ms(:stop), do: @stop
  def ms(:long), do: 3_600_000
  def ms(:inf), do: :infinity
  def ms(n) when is_integer(n), do: n

  def get(ctx, key, default \\ nil) do
    case :ets.lookup(ctx.t, key) do
      [{_, value}] -> value
      [] -> default
    end
  end

  def put(ctx, key, value), do: :ets.insert(ctx.t, {key, value})
  def now, do: :erlang.monotonic_time(:millisecond)

  # The process that has a label last, or one that never was.
  def pid(ctx, label), do: get(ctx, {:pid, label})
  def label(ctx, pid), do: get(ctx, {:label, pid}, "?")

  def log(ctx, source, event), do: log(ctx, Process.get(:label), source, event)

  def log(ctx, label, source, event) do
    :ets.insert(ctx.t, {{:ev, :erlang.unique_integer([:monotonic])}, [label, get(ctx, :step), source, event]})
  end

  # Says who it is; the driver watches it from now on and counts how often a label has begun.
  def hello(ctx, label) do
    ref = make_ref()
    send(ctx.driver, {:hello, self(), label, ref})
    receive do
      {^ref, full, n} ->
        Process.put(:label, full)
        n
    end
  end

  # Marks that this process waits for a time to pass: the driver waits too.
  def timed(_ctx, time, fun) when time not in [:short, :stop], do: fun.()

  def timed(ctx, time, fun) do
    put(ctx, {:timed, self()}, now() + ms(time))
    value = fun.()
    :ets.delete(ctx.t, {:timed, self()})
    value
  end

  # Asking whether a process lives waits for its answer: the driver must not take that for rest.
  # Returns once it is dead: it is about to be.
  def gone(ctx, pid) do
    put(ctx, {:busy, self()}, true)
    ref = Process.monitor(pid)
    receive do {:DOWN, ^ref, _, _, _} -> :ok end
    :ets.delete(ctx.t, {:busy, self()})
  end

  def alive?(ctx, pid) do
    put(ctx, {:busy, self()}, true)
    alive = Process.alive?(pid)
    :ets.delete(ctx.t, {:busy, self()})
    alive
  end

  def hold(ctx) do
    put(ctx, {:held, self()}, true)
    receive do
      :"$release" -> :ets.delete(ctx.t, {:held, self()})
    end
  end
end

defmodule Shown do
  # An exit reason as a program writes it, and back.
  def reason([:shutdown, v]), do: {:shutdown, v}
  def reason([:why, n]), do: {:why, n}
  def reason(r), do: r

  def of(_, r) when is_atom(r), do: r
  def of(ctx, p) when is_pid(p), do: Ctx.label(ctx, p)
  def of(ctx, {r, {g, f, a}}) when g in [GenServer, :gen_server] and is_atom(f) and is_list(a), do: [:callFailed, of(ctx, r)]
  def of(ctx, {:shutdown, {:failed_to_start_child, id, why}}), do: [:shutdown, [:failed_to_start_child, id, of(ctx, why)]]
  def of(ctx, {:shutdown, v}), do: [:shutdown, of(ctx, v)]
  def of(_, {:why, n}), do: [:why, n]
  def of(ctx, {:already_started, p}), do: [:already_started, of(ctx, p)]
  def of(_, {:bad_return_value, _}), do: [:badReturn]
  def of(_, {{:nocatch, v}, stack}) when is_list(stack), do: [:nocatch, v]
  def of(_, {e, stack}) when is_exception(e) and is_list(stack), do: [:crash, Exception.message(e)]
  def of(_, {:noproc, stack}) when is_list(stack), do: [:crash, :noproc]
  def of(ctx, {:EXIT, r}), do: of(ctx, r)
  # The specification that supervisor adds to the reason of a failed start_child.
  def of(ctx, {r, spec}) when is_tuple(spec) and elem(spec, 0) == :child, do: of(ctx, r)
  def of(_, other), do: [:unknown, inspect(other)]

  def json(nil), do: "null"
  def json(b) when is_boolean(b), do: to_string(b)
  def json(a) when is_atom(a), do: [?", Atom.to_string(a), ?"]
  def json(n) when is_integer(n), do: Integer.to_string(n)
  def json(s) when is_binary(s), do: inspect(s, printable_limit: :infinity)
  def json(l) when is_list(l), do: [?[, Enum.intersperse(Enum.map(l, &json/1), ?,), ?]]
end

defmodule Ops do
  def run(ctx, ops), do: Enum.each(ops, fn [name | rest] -> perturb(ctx); apply(Ops, :"do_#{name}", [ctx | rest]) end)

  defp perturb(%{seed: 0}), do: :ok
  defp perturb(_), do: (if :rand.uniform(2) == 1, do: :erlang.yield())

  # A target of the program: a label, or a name in a registry.
  def target(ctx, [:via, r, key]), do: {:via, Registry, {name(ctx, r), key}}
  def target(ctx, label), do: Ctx.pid(ctx, label)
  def name(ctx, r), do: :"fuzz_#{ctx.slot}_#{r}"

  defp me, do: Process.get(:label)

  # Does something to a target if there is one; whoever never was is passed over.
  defp on(ctx, what, target, fun) do
    case target(ctx, target) do
      nil -> Ctx.log(ctx, "", [what, :nobody])
      found -> fun.(found)
    end
  end

  # What a request came to; uncaught failures end the process.
  defp asked(ctx, what, caught, fun, show \\ & &1) do
    if caught do
      result =
        try do
          [:ok, show.(fun.())]
        catch
          :exit, {r, {_, _, _}} -> [:failed, Shown.of(ctx, r)]
        end
      Ctx.log(ctx, "", [what, result])
    else
      Ctx.log(ctx, "", [what, [:ok, show.(fun.())]])
    end
  end

  def do_send(ctx, to, n), do: on(ctx, :send, to, &send(&1, {:m, me(), n}))

  def do_sendVia(ctx, r, key, n) do
    case Registry.whereis_name({name(ctx, r), key}) do
      :undefined -> Ctx.log(ctx, "", [:sendVia, :noproc])
      pid -> send(pid, {:m, me(), n})
    end
  end

  def do_recv(ctx, pattern, time) do
    message = Ctx.timed(ctx, time, fn -> recv(ctx, pattern, Ctx.ms(time)) end)
    Ctx.log(ctx, "", [:recv, if(message == :timeout, do: :timeout, else: message(ctx, message))])
  end

  # Everything but what the driver says: a reply that came late would be seen here.
  def do_drain(ctx) do
    receive do
      m when m != :"$release" and not (is_tuple(m) and elem(m, 0) == :"$do") ->
        Ctx.log(ctx, source(ctx, m), message(ctx, m))
        do_drain(ctx)
    after
      0 -> :ok
    end
  end

  def do_link(ctx, x) do
    on(ctx, :link, x, fn pid ->
      result = try do Process.link(pid) && :ok catch :error, :noproc -> :noproc end
      Ctx.log(ctx, "", [:link, result])
    end)
  end

  # genroom's unlink takes back an EXIT of the broken link that is queued, as Elixir's documentation advises to do.
  def do_unlink(ctx, x) do
    on(ctx, :unlink, x, fn pid ->
      Process.unlink(pid)
      unless Ctx.alive?(ctx, pid), do: (receive do {:EXIT, ^pid, _} -> :ok after 0 -> :ok end)
    end)
  end

  def do_monitor(ctx, x, r) do
    on(ctx, :monitor, x, fn pid ->
      ref = Process.monitor(pid)
      Process.put({:ref, r}, ref)
      Process.put({:monitored, ref}, r)
    end)
  end

  def do_demonitor(ctx, r, how) do
    case Process.get({:ref, r}) do
      nil -> Ctx.log(ctx, "", [:demonitor, :nobody])
      ref -> Process.demonitor(ref, if(how == :flush, do: [:flush], else: []))
    end
  end

  def do_trap(ctx, flag), do: Ctx.log(ctx, "", [:trap, Process.flag(:trap_exit, flag)])
  def do_exit(ctx, x, r), do: on(ctx, :exit, x, &Process.exit(&1, Shown.reason(r)))
  def do_exitSelf(_, r), do: exit(Shown.reason(r))
  def do_signalSelf(_, r), do: Process.exit(self(), Shown.reason(r))
  def do_raise(_, m), do: raise(Atom.to_string(m))
  def do_throw(_, v), do: throw(v)
  def do_alive(ctx, x), do: on(ctx, :alive, x, &Ctx.log(ctx, "", [:alive, Ctx.alive?(ctx, &1)]))
  def do_hold(ctx), do: Ctx.hold(ctx)

  def do_spawn(ctx, label, how, trap, ops) do
    ref = make_ref()
    me = self()
    body = fn ->
      Ctx.hello(ctx, label)
      Process.flag(:trap_exit, trap)
      send(me, ref)
      run(ctx, ops)
      loop(ctx)
    end
    bound(how, body)
    receive do ^ref -> :ok end
  end

  defp bound(:plain, body), do: spawn(body)
  defp bound(:link, body), do: spawn_link(body)
  defp bound([:monitor, r], body) do
    {_, watch} = spawn_monitor(body)
    Process.put({:ref, r}, watch)
    Process.put({:monitored, watch}, r)
  end

  def do_server(ctx, label, how, spec) do
    options = case spec do
      %{name: [r, key]} -> [name: {:via, Registry, {name(ctx, r), key}}]
      _ -> []
    end
    start = if how == :link, do: &GenServer.start_link/3, else: &GenServer.start/3
    started(ctx, :server, fn -> start.(Server, {ctx, label, spec}, options) end)
  end

  def do_sup(ctx, label, how, spec), do: started(ctx, :sup, fn -> Start.sup(ctx, label, how, spec) end)
  def do_dyn(ctx, label, how, spec), do: started(ctx, :dyn, fn -> Start.dyn(ctx, label, how, spec) end)

  def do_call(ctx, x, script, time, caught) do
    on(ctx, :call, x, fn to ->
      Ctx.timed(ctx, time, fn -> asked(ctx, :call, caught, fn -> GenServer.call(to, {:run, script}, Ctx.ms(time)) end) end)
    end)
  end

  def do_cast(ctx, x, script), do: on(ctx, :cast, x, &GenServer.cast(&1, {:run, me(), script}))

  def do_stop(ctx, x, r, time) do
    on(ctx, :stop, x, fn to ->
      Ctx.timed(ctx, time, fn -> asked(ctx, :stop, true, fn -> GenServer.stop(to, Shown.reason(r), Ctx.ms(time)) end) end)
    end)
  end

  def do_reply(ctx, key, v) do
    case Ctx.get(ctx, {:from, key}) do
      nil -> Ctx.log(ctx, "", [:reply, :nobody])
      from -> :ets.delete(ctx.t, {:from, key}); GenServer.reply(from, v)
    end
  end

  def do_sendAfter(ctx, x, n, time, timer) do
    on(ctx, :sendAfter, x, fn pid ->
      Ctx.put(ctx, {:timer, timer}, Process.send_after(pid, {:m, me(), n}, Ctx.ms(time)))
      if time == :short, do: Ctx.put(ctx, {:timed, {:timer, timer}}, Ctx.now() + Ctx.ms(time))
    end)
  end

  def do_cancel(ctx, timer) do
    case Ctx.get(ctx, {:timer, timer}) do
      nil -> Ctx.log(ctx, "", [:cancel, :nobody])
      ref ->
        :ets.delete(ctx.t, {:timed, {:timer, timer}})
        Ctx.log(ctx, "", [:cancel, is_integer(Process.cancel_timer(ref))])
    end
  end

  def do_which(ctx, s), do: on(ctx, :which, s, fn p -> asked(ctx, :which, true, fn -> Supervisor.which_children(p) end, &children(ctx, &1)) end)

  def do_count(ctx, s) do
    on(ctx, :count, s, fn p ->
      asked(ctx, :count, true, fn -> Supervisor.count_children(p) end, &[&1.specs, &1.active, &1.supervisors, &1.workers])
    end)
  end

  def do_startChild(ctx, s, spec), do: child(ctx, :startChild, s, fn p -> Supervisor.start_child(p, Start.spec(ctx, spec)) end)
  def do_terminateChild(ctx, s, id), do: child(ctx, :terminateChild, s, &Supervisor.terminate_child(&1, id))
  def do_restartChild(ctx, s, id), do: child(ctx, :restartChild, s, &Supervisor.restart_child(&1, id))
  def do_deleteChild(ctx, s, id), do: child(ctx, :deleteChild, s, &Supervisor.delete_child(&1, id))
  def do_startDyn(ctx, s, spec), do: child(ctx, :startDyn, s, fn p -> DynamicSupervisor.start_child(p, Start.spec(ctx, spec)) end)

  def do_terminateDyn(ctx, s, x) do
    on(ctx, :terminateDyn, x, fn child -> child(ctx, :terminateDyn, s, &DynamicSupervisor.terminate_child(&1, child)) end)
  end

  def do_register(ctx, r, key, v), do: names(ctx, :register, r, fn name ->
    case Registry.register(name, key, v) do
      {:ok, _} -> :ok
      {:error, {:already_registered, pid}} -> [:taken, Ctx.label(ctx, pid)]
    end
  end)

  def do_unregister(ctx, r, key), do: names(ctx, :unregister, r, fn name -> Registry.unregister(name, key) end)
  def do_lookup(ctx, r, key), do: names(ctx, :lookup, r, fn name -> entries(ctx, Registry.lookup(name, key)) end)
  def do_keys(ctx, r), do: names(ctx, :keys, r, fn name -> Enum.sort(Registry.keys(name, self())) end)
  def do_countNames(ctx, r), do: names(ctx, :countNames, r, &Registry.count/1)

  def do_dispatch(ctx, r, key, n) do
    names(ctx, :dispatch, r, fn name ->
      Registry.dispatch(name, key, fn all ->
        Ctx.log(ctx, "", [:dispatched, entries(ctx, all)])
        for {pid, _} <- all, do: send(pid, {:m, me(), n})
      end)
    end)
  end

  def do_whereis(ctx, r, key), do: names(ctx, :whereis, r, fn name ->
    case Registry.whereis_name({name, key}) do
      :undefined -> :nobody
      pid -> Ctx.label(ctx, pid)
    end
  end)

  defp names(ctx, what, r, fun) do
    Ctx.put(ctx, {:busy, self()}, true)
    result = try do fun.(name(ctx, r)) rescue ArgumentError -> :noproc end
    :ets.delete(ctx.t, {:busy, self()})
    Ctx.log(ctx, "", [what, result])
  end

  defp entries(ctx, all), do: all |> Enum.map(fn {pid, v} -> [Ctx.label(ctx, pid), v] end) |> Enum.sort()

  defp child(ctx, what, s, fun) do
    on(ctx, what, s, fn p ->
      asked(ctx, what, true, fn -> fun.(p) end, fn
        :ok -> :ok
        {:ok, pid} when is_pid(pid) -> Ctx.label(ctx, pid)
        {:ok, :undefined} -> :ignored
        :ignore -> :ignored
        {:error, {:already_started, pid}} -> [:error, [:already_started, Ctx.label(ctx, pid)]]
        {:error, :max_children} -> [:error, :max_children]
        {:error, code} when code in [:not_found, :running, :restarting, :already_present] -> [:error, code]
        {:error, r} -> [:error, Shown.of(ctx, r)]
      end)
    end)
  end

  # A dynamic supervisor's children have no ids, and no order.
  def children(ctx, all) do
    shown = Enum.map(all, fn {id, pid, type, _} -> [if(id == :undefined, do: "", else: id), if(is_pid(pid), do: Ctx.label(ctx, pid), else: pid), type] end)
    if match?([["", _, _] | _], shown), do: Enum.sort(shown), else: shown
  end

  # OTP 25 tells a starter that traps exits twice of a failed start, by the error and by an EXIT; OTP 26 and genroom by
  # the error alone (rule R-31).
  defp started(ctx, what, start) do
    :ets.delete(ctx.t, {:failed, self()})
    shown =
      case start.() do
        {:ok, pid} -> Ctx.label(ctx, pid)
        :ignore -> flush_failed(ctx); :ignored
        {:error, r} ->
          flush_failed(ctx)
          # A process that found its name taken has said hello to nobody.
          if match?({:already_started, _}, r), do: flush_unknown(ctx)
          [:error, Shown.of(ctx, r)]
      end
    Ctx.log(ctx, "", [what, shown])
  end

  defp flush_failed(ctx) do
    dead = Ctx.get(ctx, {:failed, self()})
    if dead do
      # OTP 25 answers the starter before it ends: its EXIT is there once it is gone.
      if Ctx.alive?(ctx, dead), do: Ctx.gone(ctx, dead)
      receive do {:EXIT, ^dead, _} -> :ok after 0 -> :ok end
    end
  end

  defp flush_unknown(ctx) do
    {:messages, all} = Process.info(self(), :messages)
    for {:EXIT, pid, :normal} <- all, Ctx.get(ctx, {:label, pid}) == nil, do: (receive do {:EXIT, ^pid, _} -> :ok end)
  end

  defp recv(_, :any, ms) do
    receive do
      {:m, _, _} = m -> m
      {:EXIT, _, _} = m -> m
      {:DOWN, _, _, _, _} = m -> m
    after ms -> :timeout
    end
  end

  defp recv(_, [:n, n], ms), do: (receive do {:m, _, ^n} = m -> m after ms -> :timeout end)
  defp recv(ctx, [:from, x], ms) do
    from = Ctx.label(ctx, Ctx.pid(ctx, x))
    receive do {:m, ^from, _} = m -> m after ms -> :timeout end
  end
  defp recv(_, :exit, ms), do: (receive do {:EXIT, _, _} = m -> m after ms -> :timeout end)
  defp recv(_, :down, ms), do: (receive do {:DOWN, _, _, _, _} = m -> m after ms -> :timeout end)

  def source(_, {:m, from, _}), do: from
  def source(ctx, {:EXIT, pid, _}), do: Ctx.label(ctx, pid)
  def source(ctx, {:DOWN, _, _, pid, _}), do: Ctx.label(ctx, pid)
  def source(_, _), do: "?"

  def message(_, {:m, from, n}), do: [:m, from, n]
  def message(ctx, {:EXIT, pid, r}), do: [:EXIT, Ctx.label(ctx, pid), Shown.of(ctx, r)]
  def message(ctx, {:DOWN, ref, _, pid, r}), do: [:DOWN, Process.get({:monitored, ref}), Ctx.label(ctx, pid), Shown.of(ctx, r)]
  # A cast or call to the name of a process that is no server, or a reply that nobody waits for.
  def message(_, _), do: [:unknown]

  def loop(ctx) do
    receive do {:"$do", ops} -> run(ctx, ops) end
    loop(ctx)
  end
end

defmodule Start do
  def sup(ctx, label, how, spec) do
    if how == :link, do: :supervisor.start_link(Sup, {ctx, label, spec}), else: :gen_server.start(:supervisor, {:self, Sup, {ctx, label, spec}}, [])
  end

  def dyn(ctx, label, how, spec) do
    if how == :link, do: DynamicSupervisor.start_link(Dyn, {ctx, label, spec}), else: GenServer.start(DynamicSupervisor, {Dyn, {ctx, label, spec}, nil}, [])
  end

  def spec(ctx, %{id: id, kind: kind} = spec) do
    shutdown = case spec.shutdown do
      :brutal -> :brutal_kill
      time -> Ctx.ms(time)
    end
    type = if kind == :sup, do: :supervisor, else: :worker
    made = %{id: id, start: {Start, :child, [ctx, spec]}, restart: spec.restart, shutdown: shutdown, type: type}
    if spec.significant, do: Map.put(made, :significant, true), else: made
  end

  def child(ctx, %{kind: :server, id: id, server: server}) do
    case server do
      %{name: [r, key]} -> GenServer.start_link(Server, {ctx, id, server}, name: {:via, Registry, {Ops.name(ctx, r), key}})
      _ -> GenServer.start_link(Server, {ctx, id, server})
    end
  end
  def child(ctx, %{kind: :sup, id: id, sup: spec}), do: sup(ctx, id, :link, spec)
  def child(ctx, %{kind: :bare, id: id, trap: trap}) do
    me = self()
    ref = make_ref()
    pid = spawn_link(fn -> Ctx.hello(ctx, id); Process.flag(:trap_exit, trap); send(me, ref); Ops.loop(ctx) end)
    receive do ^ref -> {:ok, pid} end
  end
end

defmodule Server do
  use GenServer

  def init({ctx, label, spec}) do
    n = Ctx.hello(ctx, label)
    [parent | _] = Process.get(:"$ancestors")
    if is_pid(parent), do: Ctx.put(ctx, {:failed, parent}, self())
    Process.flag(:trap_exit, spec.trap)
    state = {ctx, spec}
    outcome = Enum.at(spec.plan, n - 1, List.last(spec.plan))
    Ctx.log(ctx, "", [:init])
    case outcome do
      :ok -> {:ok, state}
      :ignore -> :ignore
      :raise -> raise "init"
      [:stop, r] -> {:stop, Shown.reason(r)}
      [:exit, r] -> exit(Shown.reason(r))
      [:timeout, time] -> armed(ctx, time); {:ok, state, Ctx.ms(time)}
      [:continue, ops] -> {:ok, state, {:continue, ops}}
    end
  end

  def handle_continue(ops, {ctx, _} = s) do
    Ctx.log(ctx, "", [:continue])
    Ops.run(ctx, ops)
    {:noreply, s}
  end

  def handle_call({:run, script}, from, s), do: script(script, Ctx.label(elem(s, 0), elem(from, 0)), :call, from, s)
  def handle_cast({:run, who, script}, s), do: script(script, who, :cast, nil, s)

  def handle_info({:"$do", script}, s), do: script(script, "", :told, nil, s)
  def handle_info(:timeout, {ctx, _} = s), do: (disarmed(ctx); Ctx.log(ctx, "", [:timeout]); {:noreply, s})

  def handle_info(m, {ctx, _} = s) do
    disarmed(ctx)
    Ctx.log(ctx, Ops.source(ctx, m), Ops.message(ctx, m))
    {:noreply, s}
  end

  def terminate(r, {ctx, spec}) do
    Ctx.log(ctx, "", [:terminate, Shown.of(ctx, r)])
    case spec.term do
      :ok -> :ok
      :raise -> raise "terminate"
      [:exit, r] -> exit(Shown.reason(r))
      :hold -> Ctx.timed(ctx, :stop, fn -> Ctx.hold(ctx) end)
    end
  end

  defp script(%{id: id, ops: ops, finish: finish}, source, kind, from, {ctx, _} = s) do
    disarmed(ctx)
    Ctx.log(ctx, source, [kind, id])
    Ops.run(ctx, ops)
    finish(finish, from, s)
  end

  defp armed(ctx, time) when time in [:short, 0], do: Ctx.put(ctx, {:timed, {:idle, self()}}, Ctx.now() + Ctx.ms(time))
  defp armed(_, _), do: :ok
  defp disarmed(ctx), do: :ets.delete(ctx.t, {:timed, {:idle, self()}})

  defp finish([:reply, v], _, s), do: {:reply, v, s}
  defp finish([:noreply], _, s), do: {:noreply, s}
  defp finish([:keep, key], from, {ctx, _} = s), do: (Ctx.put(ctx, {:from, key}, from); {:noreply, s})
  defp finish([:replyNow, v], from, s), do: (GenServer.reply(from, v); {:noreply, s})
  defp finish([:replyTimeout, v, time], _, {ctx, _} = s), do: (armed(ctx, time); {:reply, v, s, Ctx.ms(time)})
  defp finish([:noreplyTimeout, time], _, {ctx, _} = s), do: (armed(ctx, time); {:noreply, s, Ctx.ms(time)})
  defp finish([:replyContinue, v, ops], _, s), do: {:reply, v, s, {:continue, ops}}
  defp finish([:continue, ops], _, s), do: {:noreply, s, {:continue, ops}}
  defp finish([:stop, r], _, s), do: {:stop, Shown.reason(r), s}
  defp finish([:stopReply, r, v], _, s), do: {:stop, Shown.reason(r), v, s}
  defp finish([:raise, m], _, _), do: raise(Atom.to_string(m))
  defp finish([:exit, r], _, _), do: exit(Shown.reason(r))
  defp finish([:bad], _, _), do: :bad
end

defmodule Sup do
  def init({ctx, label, spec}) do
    Ctx.hello(ctx, label)
    [parent | _] = Process.get(:"$ancestors")
    if is_pid(parent), do: Ctx.put(ctx, {:failed, parent}, self())
    period = if spec.period == :second, do: 1, else: 3600
    flags = %{strategy: spec.strategy, intensity: spec.max, period: period, auto_shutdown: spec.auto}
    {:ok, {flags, Enum.map(spec.children, &Start.spec(ctx, &1))}}
  end
end

defmodule Dyn do
  def init({ctx, label, spec}) do
    Ctx.hello(ctx, label)
    period = if spec.period == :second, do: 1, else: 3600
    DynamicSupervisor.init(strategy: :one_for_one, max_restarts: spec.max, max_seconds: period, max_children: if(spec.most == :inf, do: :infinity, else: spec.most))
  end
end

defmodule Driver do
  # Rounds in which nothing moved, after which everything has settled.
  @quiet 3

  def run(slot, seed, program) do
    t = :ets.new(:fuzz, [:public, :set])
    ctx = %Ctx{t: t, driver: self(), slot: slot, seed: seed}
    Ctx.put(ctx, :step, 0)
    live = Map.new(Enum.flat_map(program.registries, &registry(ctx, &1)))
    for [label, trap] <- program.roots, do: spawn(fn -> Ctx.hello(ctx, label); Process.flag(:trap_exit, trap); Ops.loop(ctx) end)
    live = settle(ctx, live)
    {live, snaps} =
      Enum.reduce(Enum.with_index(program.steps, 1), {live, []}, fn {step, i}, {live, snaps} ->
        Ctx.put(ctx, :step, i)
        step(ctx, step)
        live = settle(ctx, live)
        {live, [snapshot(ctx, i, live) | snaps]}
      end)
    events = t |> :ets.match_object({{:ev, :_}, :_}) |> Enum.sort() |> Enum.map(&elem(&1, 1))
    sweep(ctx, live)
    :ets.delete(t)
    Shown.json([events, Enum.reverse(snaps)])
  end

  # A registry of the program is the process that keeps its entries; the supervisor above it is not observed.
  defp registry(ctx, [label, keys]) do
    {:ok, sup} = Registry.start_link(keys: keys, name: Ops.name(ctx, label))
    Process.unlink(sup)
    [{_, partition, _, _}] = Supervisor.which_children(sup)
    for pid <- [sup, partition], do: Process.monitor(pid)
    Ctx.put(ctx, {:label, partition}, label)
    Ctx.put(ctx, {:label, sup}, label)
    Ctx.put(ctx, {:pid, label}, partition)
    [{partition, label}, {sup, "registry"}]
  end

  defp step(ctx, %{do: all}) do
    for [who, what] <- all, pid = Ctx.pid(ctx, who), do: send(pid, {:"$do", what})
  end

  defp step(ctx, %{release: who}) do
    pid = Ctx.pid(ctx, who)
    if pid && Ctx.get(ctx, {:held, pid}) && Process.alive?(pid), do: send(pid, :"$release")
  end

  defp step(_, %{wait: ms}), do: Process.sleep(ms)

  # live: monitored processes, pid => label.
  defp settle(ctx, live, quiet \\ 0)

  defp settle(ctx, live, @quiet) do
    {live, moved} = drain(ctx, live, false)
    dues = timed(ctx, live)
    if dues != [], do: Process.sleep(max(Enum.min(dues) - Ctx.now(), 0) + 3)
    if moved or dues != [], do: settle(ctx, live, 0), else: live
  end

  defp settle(ctx, live, quiet) do
    {live, moved} = drain(ctx, live, false)
    :erlang.yield()
    if moved or Enum.any?(live, fn {pid, _} -> Process.info(pid, :status) != {:status, :waiting} or :ets.member(ctx.t, {:busy, pid}) end),
      do: settle(ctx, live, 0),
      else: settle(ctx, live, quiet + 1)
  end

  # Times that pass yet. One that is over counts once more, so that whoever waits for it is seen to go on, however busy
  # the machine is; then its wait has ended otherwise.
  defp timed(ctx, live) do
    now = Ctx.now()
    for {{:timed, who} = key, due} <- :ets.match_object(ctx.t, {{:timed, :_}, :_}), is_integer(due), waits?(who, live) do
      if due + 3 < now, do: Ctx.put(ctx, key, :over)
      due
    end
  end

  defp waits?(pid, live) when is_pid(pid), do: Map.has_key?(live, pid)
  defp waits?({:idle, pid}, live), do: Map.has_key?(live, pid)
  defp waits?(_, _), do: true

  defp drain(ctx, live, moved) do
    receive do
      {:hello, pid, label, ref} ->
        n = Ctx.get(ctx, {:n, label}, 0) + 1
        full = if n == 1, do: label, else: :"#{label}_#{n}"
        Ctx.put(ctx, {:n, label}, n)
        Ctx.put(ctx, {:pid, label}, pid)
        Ctx.put(ctx, {:label, pid}, full)
        Process.monitor(pid)
        send(pid, {ref, full, n})
        drain(ctx, Map.put(live, pid, full), true)
      {:DOWN, _, _, pid, reason} ->
        if live[pid] not in ["registry", nil], do: Ctx.log(ctx, live[pid], "ended", [:ended, Shown.of(ctx, reason)])
        drain(ctx, Map.delete(live, pid), true)
    after
      0 -> {live, moved}
    end
  end

  # Who lives, and with whom each is linked; a process whose name was taken may still be about to end.
  defp snapshot(ctx, i, live) do
    [i, for {pid, label} <- live, label != "registry" do
      {:links, links} = Process.info(pid, :links)
      [label, links |> Enum.filter(&is_pid/1) |> Enum.map(&Ctx.label(ctx, &1)) |> Enum.reject(&(&1 in [label, "?"])) |> Enum.uniq() |> Enum.sort()]
    end]
  end

  defp sweep(_, live) when live == %{}, do: :ok

  defp sweep(ctx, live) do
    for {pid, _} <- live, do: Process.exit(pid, :kill)
    receive do m -> send(self(), m) after 50 -> :ok end
    {live, _} = drain(ctx, live, false)
    sweep(ctx, live)
  end
end

# All code is there before the first program: a process that waits for the code server looks like one that has settled.
for app <- [:kernel, :stdlib, :elixir] do
  {:ok, modules} = :application.get_key(app, :modules)
  :code.ensure_modules_loaded(modules)
end

seed = String.to_integer(hd(System.argv()))
main = self()
drivers = 24

for slot <- 1..drivers do
  spawn_link(fn ->
    if seed != 0, do: :rand.seed(:exsss, {seed, slot, 1})
    loop = fn loop ->
      send(main, {:next, self()})
      receive do
        {:run, number, text} ->
          {:ok, tokens, _} = text |> String.to_charlist() |> :erl_scan.string()
          {:ok, program} = :erl_parse.parse_term(tokens)
          send(main, {:done, number, IO.iodata_to_binary(Driver.run(slot, seed, program))})
          loop.(loop)
        :stop -> :ok
      end
    end
    loop.(loop)
  end)
end

write = fn number, json -> IO.binwrite(:stdio, [number, " ", json, "\n"]) end

give = fn give ->
  receive do
    {:done, number, json} -> write.(number, json); give.(give)
    {:next, pid} -> pid
  end
end

Enum.each(IO.stream(:stdio, :line), fn line ->
  [number, text] = String.split(line, " ", parts: 2)
  send(give.(give), {:run, number, text})
end)

finish = fn finish, left ->
  if left > 0 do
    receive do
      {:done, number, json} -> write.(number, json); finish.(finish, left)
      {:next, _} -> finish.(finish, left - 1)
    end
  end
end

finish.(finish, drivers)
