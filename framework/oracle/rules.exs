# The rules of part R on the real OTP: prints one line a rule, its id and what was seen, as JSON. Run by oracle.ts, which
# compares it with what rules.ts prints. Tested on Elixir 1.18 / OTP 27 and on 1.14 / 25. Needs
# modules.exs.
import Rule
IO.puts("oracle Elixir #{System.version()} / OTP #{System.otp_release()}")
start = fn arg -> {:ok, p} = GenServer.start(Server, arg); p end
sup = fn children, options -> {:ok, s} = Supervisor.start_link(children, options ++ [strategy: :one_for_one]); Process.unlink(s); s end
child = fn s, id -> Enum.find_value(Supervisor.which_children(s), fn {i, p, _, _} -> if i == id, do: p end) end

see "R-01", fn -> p = start.(0); r = fails(fn -> GenServer.call(p, {:sleep, 60}, 20) end); [r, mailbox(90), Process.alive?(p)] end
see "R-02", fn -> p = start.(0); GenServer.stop(p); [fails(fn -> GenServer.call(p, :get) end), fails(fn -> GenServer.call(:nobody, :get) end), GenServer.cast(p, :get)] end
see "R-03", fn -> p = start.(0); [fails(fn -> GenServer.call(p, :stop) end), Process.alive?(p)] end
see "R-04", fn -> p = start.(self()); [GenServer.call(p, :bye), mailbox(0)] end
see "R-05", fn -> p = start.(0); [GenServer.call(p, :later), GenServer.call(p, :twice)] end
see "R-06", fn -> GenServer.call(start.(0), :self) end
see "R-07", fn -> p = start.(0); for(_ <- 1..1000, do: GenServer.call(p, :get)); [Process.info(self(), :monitors) |> elem(1), Process.info(p, :monitored_by) |> elem(1)] end
see "R-08", fn -> p = start.(0); GenServer.stop(p); q = start.({:slow, 100}); [fails(fn -> GenServer.stop(p) end), fails(fn -> GenServer.stop(q, :normal, 20) end), Process.alive?(q)] end
see "R-09", fn -> p = start.(0); [GenServer.call(p, :throw), Process.alive?(p)] end
see "R-10", fn -> me = self(); spawn(fn -> for i <- 1..1000, do: send(me, i) end); a = for(_ <- 1..1000, do: (receive do x -> x end)) == Enum.to_list(1..1000); b = for(_ <- 1..100, do: (spawn_monitor(fn -> send(me, :m) end); f = (receive do :m -> :message; {:DOWN, _, _, _, _} -> :down end); (receive do _ -> f end))) |> Enum.uniq(); [a, b] end
see "R-11", fn -> for(_ <- 1..50, do: (p = spawn(fn -> receive do :x -> :ok end end); Process.register(p, :nn); r = Process.monitor(p); send(p, :x); down(r); Process.whereis(:nn))) |> Enum.uniq() end
see "R-12", fn -> p = start.(self()); GenServer.call(p, {:arm, 60}); send(p, :ping); mailbox(120) end
see "R-13", fn -> p = start.(self()); t = System.monotonic_time(:millisecond); GenServer.call(p, {:arm, 80}); Process.sleep(50); :sys.get_state(p); (receive do :timeout -> System.monotonic_time(:millisecond) - t >= 130 after 500 -> :never end) end
see "R-14", fn -> p = start.(self()); GenServer.cast(p, :hold); send(p, :ping); mailbox(80) end
see "R-15", fn -> start.({:continue, self()}); mailbox() end
see "R-16", fn -> t = Process.send_after(self(), :a, 1000); left = Process.cancel_timer(t); t2 = Process.send_after(self(), :b, 5); Process.sleep(25); [left > 900, Process.cancel_timer(t2), mailbox()] end
# Messages off the heap, since else each garbage collection copies 200,000 of them. The best of several rounds counts.
see "R-17", fn -> Process.flag(:message_queue_data, :off_heap); p = start.(0); round = fn -> elem(:timer.tc(fn -> for(_ <- 1..200, do: GenServer.call(p, :get)) end), 0) end; best = fn -> Enum.min(for(_ <- 1..8, do: round.())) end; empty = best.(); for(_ <- 1..200_000, do: send(self(), :unread)); [best.() < 20 * empty + 10_000] end
see "R-20", fn -> p = spawn(&idle/0); Process.exit(p, :normal); me = self(); q = spawn(fn -> Process.flag(:trap_exit, true); send(me, :ready); (receive do m -> send(me, m) end) end); (receive do :ready -> :ok end); Process.exit(q, :normal); [Process.alive?(p), reasons(mailbox()), end_of(fn -> Process.exit(self(), :normal); idle() end)] end
see "R-21", fn -> Process.flag(:trap_exit, true); me = self(); p = spawn_link(fn -> Process.flag(:trap_exit, true); send(me, :ready); idle() end); (receive do :ready -> :ok end); Process.exit(p, :kill); a = reasons(mailbox()); spawn_link(fn -> exit(:kill) end); [a, reasons(mailbox())] end
see "R-22", fn -> f = fn r -> end_of(fn -> spawn_link(fn -> exit(r) end); Process.sleep(60); exit(:alive) end) end; [f.(:normal), f.(:shutdown), f.(:other)] end
see "R-23", fn -> d = spawn(fn -> :ok end); Process.sleep(10); a = (try do Process.link(d); :linked rescue e in ErlangError -> e.original end); Process.flag(:trap_exit, true); Process.link(d); [a, reasons(mailbox())] end
see "R-24", fn -> p = spawn(fn -> Process.sleep(30) end); Process.link(p); Process.link(p); Process.unlink(p); Process.monitor(p); Process.monitor(p); a = reasons(mailbox(60)); Process.monitor(p); [Process.info(self(), :links) |> elem(1), a, reasons(mailbox())] end
see "R-25", fn -> Process.flag(:trap_exit, true); p = spawn_link(fn -> :ok end); q = spawn(fn -> :ok end); r = Process.monitor(q); Process.sleep(20); Process.unlink(p); receive do {:EXIT, ^p, _} -> :ok after 0 -> :ok end; Process.demonitor(r, [:flush]); mailbox() end
see "R-26", fn -> [(case end_of(fn -> raise "a" end) do {e, _} -> e.message end), (case end_of(fn -> throw(:t) end) do {{:nocatch, t}, _} -> t end), end_of(fn -> exit(:e) end)] end
see "R-27", fn -> p = start.(self()); Process.exit(p, :shutdown); a = mailbox(); q = start.(self()); GenServer.stop(q); [a, mailbox()] end
see "R-28", fn -> me = self(); f = fn reason -> par = spawn(fn -> {:ok, p} = GenServer.start_link(Server, {:trap, me}); send(me, {:p, p}); (receive do :die -> exit(reason) end) end); p = (receive do {:p, p} -> p end); spawn(fn -> Process.link(p); exit(:other) end); a = mailbox(); send(par, :die); [a, mailbox(80), Process.alive?(p)] end; [f.(:gone), f.(:normal)] end
see "R-29", fn -> me = self(); s = sup.([Worker.spec(:a, &idle/0), Worker.starting(:g, fn -> GenServer.start_link(Server, {:trap, me}) end)], []); r = Process.monitor(child.(s, :a)); Process.exit(s, :kill); [down(r), mailbox(80)] end
see "R-30", fn -> {:ok, p} = GenServer.start(Server, {:named, :r30, self()}, name: :r30); {:error, {:already_started, q}} = GenServer.start(Server, 1, name: :r30); [mailbox(), p == q] end
see "R-31", fn -> a = end_of(fn -> GenServer.start_link(Server, {:stop, :bad}); idle() end); b = end_of(fn -> GenServer.start_link(Server, {:stop, :normal}); exit(:alive) end); Process.flag(:trap_exit, true); {:error, c} = GenServer.start_link(Server, {:stop, :bad}); left = reasons(mailbox()); {:error, d} = GenServer.start_link(Server, {:error, :no}); [a, b, c, left, d] end
see "R-32", fn -> [GenServer.start(Server, :ignore, name: :r32), Process.whereis(:r32)] end
see "R-33", fn -> e = elem(GenServer.start(Server, :slow, timeout: 30, name: :r33), 1); [e, Process.whereis(:r33) == nil] end
see "R-40", fn -> s = sup.([Worker.spec(:a, &idle/0)], []); r = Process.monitor(s); for _ <- 1..3, do: (Process.exit(child.(s, :a), :x); Process.sleep(10)); alive = Process.alive?(s); Process.exit(child.(s, :a), :x); [alive, down(r)] end
see "R-41", fn -> c = :counters.new(1, []); s = sup.([Worker.starting(:a, fn -> :counters.add(c, 1, 1); if :counters.get(c, 1) == 1, do: {:ok, spawn_link(&idle/0)}, else: {:error, :no} end)], []); r = Process.monitor(s); Process.exit(child.(s, :a), :x); [down(r), :counters.get(c, 1)] end
see "R-42", fn -> Process.flag(:trap_exit, true); {:error, {:shutdown, {:failed_to_start_child, id, why}}} = Supervisor.start_link([Worker.spec(:a, &idle/0), Worker.starting(:b, fn -> {:error, :no} end)], strategy: :one_for_one); [id, why] end
see "R-43", fn -> make = fn id, hang, time -> Worker.spec(id, fn -> Process.flag(:trap_exit, true); (receive do {:EXIT, _, r} -> if hang, do: idle(), else: exit(r) end) end, shutdown: time) end; s = sup.([make.(:a, false, 500), make.(:b, true, 30), make.(:c, false, :brutal_kill)], []); refs = for id <- [:a, :b, :c], into: %{}, do: {Process.monitor(child.(s, id)), id}; Process.sleep(20); Supervisor.stop(s); mailbox() |> Enum.map(fn {:DOWN, r, _, _, x} -> [refs[r], x] end) end
see "R-44", fn -> f = fn -> GenServer.start_link(Server, {:trap, {:slow, 100}}) end; s = sup.(for(i <- 1..3, do: Worker.starting(i, f)), []); {a, _} = :timer.tc(fn -> Supervisor.stop(s) end); {:ok, d} = DynamicSupervisor.start_link(strategy: :one_for_one); for i <- 1..3, do: {:ok, _} = DynamicSupervisor.start_child(d, Worker.starting(i, f)); {b, _} = :timer.tc(fn -> DynamicSupervisor.stop(d) end); [a >= 300_000, b < 250_000] end
see "R-45", fn -> for strategy <- [:one_for_all, :rest_for_one] do
  c = :counters.new(2, [])
  a = Worker.starting(:a, fn -> :counters.add(c, 1, 1); {:ok, spawn_link(&idle/0)} end)
  b = Worker.starting(:b, fn -> :counters.add(c, 2, 1); if :counters.get(c, 2) in [2, 3], do: {:error, :no}, else: {:ok, spawn_link(&idle/0)} end)
  s = sup.([a, b], strategy: strategy); Process.exit(child.(s, :a), :x); Process.sleep(50)
  [Process.alive?(s), :counters.get(c, 1), :counters.get(c, 2)] end end
see "R-46", fn -> s = sup.([Worker.spec(:a, &idle/0), Worker.spec(:t, &idle/0, restart: :temporary)], strategy: :one_for_all); Process.exit(child.(s, :a), :x); Process.sleep(20); Supervisor.which_children(s) |> Enum.map(&elem(&1, 0)) end
see "R-47", fn ->
  taken = fn s -> {:ok, p} = GenServer.start(Server, 0, name: :r47); {:error, why} = Supervisor.start_child(s, Worker.starting(:b, fn -> GenServer.start_link(Server, 0, name: :r47) end)); why == {:already_started, p} end
  s = sup.([Worker.spec(:a, &idle/0)], []); d = elem(Supervisor.delete_child(s, :a), 1); Supervisor.terminate_child(s, :a); [d, elem(Supervisor.start_child(s, Worker.spec(:a, &idle/0)), 1), elem(Supervisor.restart_child(s, :a), 0), Supervisor.count_children(s).active, taken.(s)] end
see "R-48", fn -> {:ok, d} = DynamicSupervisor.start_link(strategy: :one_for_one, max_children: 1); {:ok, p} = DynamicSupervisor.start_child(d, Worker.spec(:a, &idle/0)); x = elem(DynamicSupervisor.start_child(d, Worker.spec(:a, &idle/0)), 1); DynamicSupervisor.terminate_child(d, p); [x, elem(DynamicSupervisor.start_child(d, Worker.spec(:a, &idle/0)), 0), elem(DynamicSupervisor.terminate_child(d, p), 1)] end
see "R-49", fn ->
  {:ok, d} = DynamicSupervisor.start_link(strategy: :one_for_one)
  dynamic = elem(DynamicSupervisor.start_child(d, Worker.spec(:a, &idle/0, restart: :temporary, significant: true)), 0)
  f = fn auto, restart, ends ->
    children = for id <- [:a, :b], do: Worker.spec(id, fn -> receive do r -> exit(r) end end, restart: restart, significant: true)
    {:ok, s} = :supervisor.start_link(Flagged, {%{strategy: :one_for_one, auto_shutdown: auto}, children})
    Process.unlink(s)
    r = Process.monitor(s)
    for {id, how} <- ends do
      if how == :terminate, do: :supervisor.terminate_child(s, id), else: send(child.(s, id), how)
      Process.sleep(20)
    end
    down(r)
  end
  [f.(:any_significant, :temporary, [a: :x]), f.(:any_significant, :transient, [a: :normal]), f.(:any_significant, :transient, [a: :x]), f.(:all_significant, :temporary, [a: :normal]), f.(:all_significant, :temporary, [a: :normal, b: :normal]), f.(:any_significant, :temporary, [a: :terminate]), dynamic]
end
see "R-50", fn -> s = sup.(for(i <- 1..3, do: Worker.spec(i, &idle/0)), []); Supervisor.which_children(s) |> Enum.map(&elem(&1, 0)) end
see "R-51", fn -> s = sup.([], []); me = self(); spawn(fn -> Supervisor.start_child(s, Worker.starting(:slow, fn -> send(me, :starting); Process.sleep(100); {:ok, spawn_link(&idle/0)} end)) end); (receive do :starting -> :ok end); {t, n} = :timer.tc(fn -> length(Supervisor.which_children(s)) end); [t >= 80_000, n] end
see "R-52", fn -> p = start.(:s0); {:error, {:unknown_system_msg, _}} = :sys.change_code(p, Server, 1, :x); :sys.suspend(p); {:error, _} = :sys.change_code(p, Server, 1, :fail); kept = :sys.get_state(p); :ok = :sys.change_code(p, Server, 1, :x); :sys.resume(p); [kept, Process.alive?(p)] end
see "R-53", fn -> p = start.([]); :sys.suspend(p); for i <- 1..3, do: GenServer.cast(p, {:push, i}); a = fails(fn -> GenServer.call(p, :get, 20) end); st = :sys.get_state(p); :sys.resume(p); [a, st, GenServer.call(p, :get)] end
see "R-54", fn -> p = start.([]); :sys.suspend(p); a = fails(fn -> GenServer.call(p, {:add, 1}, 20) end); :sys.resume(p); [a, GenServer.call(p, :get), mailbox()] end
see "R-55", fn -> p = start.(7); a = (try do :sys.replace_state(p, fn _ -> raise "x" end) catch _, v -> v |> Tuple.to_list() |> List.flatten() |> Enum.find_value(fn {:callback_failed, _, _} -> :callback_failed; :callback_failed -> :callback_failed; _ -> nil end) || :callback_failed end); [a, :sys.get_state(p)] end
see "R-60", fn -> {:ok, _} = Registry.start_link(keys: :unique, name: R60); me = self(); p = spawn(fn -> Registry.register(R60, :k, 1); send(me, :ok); idle() end); (receive do :ok -> :ok end); {:error, {:already_registered, q}} = Registry.register(R60, :k, 2); r = Process.monitor(p); Process.exit(p, :kill); down(r); [p == q, elem(Registry.register(R60, :k, 2), 0)] end
see "R-61", fn -> {:ok, s} = Registry.start_link(keys: :unique, name: R61); Process.unlink(s); me = self(); p = spawn(fn -> {:ok, o} = Registry.register(R61, :k, 1); send(me, {:o, o}); idle() end); o = (receive do {:o, o} -> o end); r = Process.monitor(p); Process.exit(o, :kill); down(r) end
see "R-62", fn -> {:ok, _} = Registry.start_link(keys: :unique, name: R62); Registry.register(R62, :k, 1); me = self(); spawn(fn -> Registry.unregister(R62, :k); send(me, :done) end); (receive do :done -> :ok end); Registry.count(R62) end
see "R-63", fn -> {:ok, _} = PartitionSupervisor.start_link(name: R63, partitions: 4, child_spec: {Agent, fn -> 0 end}, with_arguments: fn [_], i -> [fn -> i end] end); for k <- [0, 5, -3, 4], do: Agent.get({:via, PartitionSupervisor, {R63, k}}, & &1) end
see "R-64", fn -> t = Task.async(fn -> 42 end); Process.sleep(20); m = mailbox() |> Enum.map(fn {:DOWN, r, _, _, x} -> [r == t.ref, x]; {r, v} -> [r == t.ref, v] end); slow = Task.async(fn -> Process.sleep(40); 1 end); {:timeout, _} = (try do Task.await(slow, 10) catch :exit, e -> e end); left = mailbox(80); crash = end_of(fn -> Task.async(fn -> exit(:bad) end); idle() end); {:ok, ts} = Task.Supervisor.start_link(); {:exit, no} = Task.yield(Task.Supervisor.async_nolink(ts, fn -> exit(:bad) end), 200); [m, left, crash, no, mailbox()] end
see "R-65", fn -> {:ok, a} = Agent.start(fn -> 0 end); [fails(fn -> Agent.get(a, fn _ -> exit(:oops) end) end), Process.alive?(a)] end
see "R-66", fn -> down(elem(spawn_monitor(fn -> Process.flag(:max_heap_size, %{size: 1000, kill: true, error_logger: false}); Enum.to_list(1..100_000); idle() end), 1)) end
