# Elixir's side of the otp bench: `elixir elixir-side.exs <row> <size>`, spoken to as side.ts says. Plain GenServer,
# DynamicSupervisor and Registry code; workloads.ts holds the same rows.
#
# Crash reports are off, as they are where nobody subscribes to genroom's.
Logger.configure(level: :none)
:logger.set_primary_config(:level, :none)

defmodule Counter do
  use GenServer
  def start_link(from), do: GenServer.start_link(__MODULE__, from)
  def init(from), do: {:ok, from}
  def handle_call(:get, _from, count), do: {:reply, count, count}
  def handle_cast({:add, by}, count), do: {:noreply, count + by}
end

defmodule Crasher do
  use GenServer
  def start_link(observer), do: GenServer.start_link(__MODULE__, observer)

  def init(observer) do
    send(observer, {:up, self()})
    {:ok, observer}
  end

  def handle_cast(:raise, _observer), do: raise("crash")
  def handle_cast(:exit, _observer), do: exit(:crash)
end

defmodule Workloads do
  @callers 100
  @listeners 1000
  @names 10_000
  @restarts 100
  @queued 500_000

  # A workload is set up once for a size and gives a function that measures once.

  def set_up("sequentialCall", size) do
    {:ok, server} = GenServer.start(Counter, 0)
    fn -> rate(size, fn -> call_many(server, size) end) end
  end

  def set_up("sequentialCallMeasured", size), do: set_up("sequentialCall", size)

  def set_up("castAndDrain", size) do
    {:ok, server} = GenServer.start(Counter, 0)
    fn -> rate(size, fn -> cast_many(server, size) end) end
  end

  def set_up("castAndDrainMeasured", size), do: set_up("castAndDrain", size)

  def set_up("castAndDrainCold", size) do
    fn ->
      {:ok, server} = GenServer.start(Counter, 0)
      figure = rate(size, fn -> cast_many(server, size) end)
      end_all([server])
      figure
    end
  end

  def set_up("callersToOne", size), do: callers(1, size)
  def set_up("callersToMany", size), do: callers(@callers, size)

  def set_up("fanOut", size) do
    listeners = start_many(@listeners)

    fn ->
      rate(size, fn ->
        for _ <- 1..div(size, @listeners) do
          Enum.each(listeners, &GenServer.cast(&1, {:add, 1}))
          :erlang.yield()
        end

        Enum.each(listeners, &GenServer.call(&1, :get))
      end)
    end
  end

  def set_up("start", size) do
    fn ->
      {figure, pids} = rate_with(size, fn -> start_many(size) end)
      end_all(pids)
      figure
    end
  end

  def set_up("startChild", size) do
    fn ->
      {:ok, supervisor} = start_supervisor()

      figure =
        rate(size, fn ->
          for i <- 1..size, do: {:ok, _} = DynamicSupervisor.start_child(supervisor, {Counter, i})
        end)

      DynamicSupervisor.stop(supervisor)
      figure
    end
  end

  def set_up("stop", size) do
    fn ->
      pids = start_many(size)
      rate(size, fn -> Enum.each(pids, &GenServer.stop/1) end)
    end
  end

  def set_up("registryCall", size) do
    {:ok, _} = Registry.start_link(keys: :unique, name: Names)

    for i <- 0..(@names - 1) do
      {:ok, _} = GenServer.start(Counter, i, name: {:via, Registry, {Names, "name #{i}"}})
    end

    keys = for i <- 0..(@names - 1), do: "name #{rem(i * 7919, @names)}"
    rounds = div(size, @names)

    fn ->
      rate(size, fn ->
        for _ <- 1..rounds, key <- keys, do: GenServer.call({:via, Registry, {Names, key}}, :get)
      end)
    end
  end

  def set_up("restart", size), do: restarts(:raise, size)

  def set_up("restartByExit", size), do: restarts(:exit, size)

  def set_up("idleMemory", size) do
    fn ->
      :erlang.garbage_collect()
      before = :erlang.memory(:total)
      pids = start_many(size)
      :erlang.garbage_collect()
      # What the list of pids takes (two words each) is the bench's, not the processes'.
      bytes = (:erlang.memory(:total) - before) / size - 16
      end_all(pids)
      bytes
    end
  end

  def set_up("callWithQueue", size) do
    {:ok, server} = GenServer.start(Counter, 0)

    fn ->
      micros =
        as_process(fn ->
          # Else each collection of the caller copies the whole queue, and 500,000 messages cost a call a millisecond.
          Process.flag(:message_queue_data, :off_heap)
          for i <- 1..@queued, do: send(self(), i)
          timed(fn -> call_many(server, size) end)
        end)

      micros / size
    end
  end

  defp callers(servers, size) do
    asked = List.to_tuple(start_many(servers))
    each = div(size, @callers)

    fn ->
      rate(size, fn ->
        tasks =
          for i <- 0..(@callers - 1) do
            server = elem(asked, rem(i, servers))
            spawn_monitor(fn -> call_many(server, each) end)
          end

        for {pid, ref} <- tasks, do: (receive do {:DOWN, ^ref, _, ^pid, :normal} -> :ok end)
      end)
    end
  end

  defp call_many(_server, 0), do: :ok

  defp call_many(server, left) do
    GenServer.call(server, :get)
    call_many(server, left - 1)
  end

  defp cast_many(server, size) do
    for _ <- 1..size, do: GenServer.cast(server, {:add, 1})
    GenServer.call(server, :get, :infinity)
  end

  defp start_many(count) do
    for i <- 1..count do
      {:ok, pid} = GenServer.start(Counter, i)
      pid
    end
  end

  defp start_supervisor do
    DynamicSupervisor.start_link(strategy: :one_for_one, max_restarts: 1_000_000, max_seconds: 1)
  end

  defp restarts(way, size) do
    fn -> rate(size, fn -> for _ <- 1..div(size, @restarts), do: restart_some(way) end) end
  end

  defp restart_some(way) do
    {:ok, supervisor} = start_supervisor()
    {:ok, _} = DynamicSupervisor.start_child(supervisor, {Crasher, self()})

    for _ <- 1..@restarts do
      receive do
        {:up, pid} -> GenServer.cast(pid, way)
      end
    end

    receive do
      {:up, _} -> DynamicSupervisor.stop(supervisor)
    end
  end

  defp end_all(pids) do
    refs = for pid <- pids, do: Process.monitor(pid)
    for pid <- pids, do: Process.exit(pid, :kill)
    for ref <- refs, do: (receive do {:DOWN, ^ref, _, _, _} -> :ok end)
  end

  # Runs work in a new process, with a heap of its own, and gives its result.
  defp as_process(work) do
    me = self()
    spawn_link(fn -> send(me, {:result, work.()}) end)
    receive do {:result, result} -> result end
  end

  defp timed(work), do: elem(:timer.tc(work), 0)
  defp rate(size, work), do: as_process(fn -> size / (timed(work) / 1_000_000) end)

  defp rate_with(size, work) do
    as_process(fn ->
      {micros, result} = :timer.tc(work)
      {size / (micros / 1_000_000), result}
    end)
  end
end

defmodule Side do
  # As in genroom-side.ts.
  @warm_ups 4
  @warm_up_ms 2_000

  def run([name, size]) do
    measure = Workloads.set_up(name, String.to_integer(size))
    warm_up(measure, 0, System.monotonic_time(:millisecond))
    IO.puts("ready")
    answer(measure)
  end

  defp warm_up(measure, runs, began) do
    if runs < @warm_ups or System.monotonic_time(:millisecond) - began < @warm_up_ms do
      measure.()
      warm_up(measure, runs + 1, began)
    end
  end

  defp answer(measure) do
    case IO.gets("") do
      :eof -> :ok
      _ -> IO.puts(measure.()); answer(measure)
    end
  end
end

Side.run(System.argv())
