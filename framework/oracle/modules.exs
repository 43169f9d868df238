# What rules.exs needs: how a rule is run and printed, and the servers and children it is shown on.
Logger.configure(level: :none)

defmodule Json do
  def of(nil), do: "null"
  def of(b) when is_boolean(b), do: to_string(b)
  def of(a) when is_atom(a), do: inspect(to_string(a))
  def of(n) when is_integer(n), do: to_string(n)
  def of(s) when is_binary(s), do: inspect(s)
  def of(l) when is_list(l), do: "[" <> Enum.map_join(l, ",", &of/1) <> "]"
  def of(t) when is_tuple(t), do: of(Tuple.to_list(t))
end

defmodule Rule do
  # Runs a rule, unless others are named on the command line.
  def see(id, fun), do: (if System.argv() == [] or id in System.argv(), do: show(id, fun))

  defp show(id, fun) do
    me = self()
    {pid, ref} = spawn_monitor(fn -> send(me, {:seen, self(), fun.()}) end)
    receive do
      {:seen, ^pid, value} -> IO.puts("#{id} #{Json.of(value)}")
      {:DOWN, ^ref, _, _, reason} -> IO.puts("#{id} ended: #{inspect(reason)}")
    after 9000 -> IO.puts("#{id} hung")
    end
    receive do {:DOWN, ^ref, _, _, _} -> :ok after 0 -> Process.demonitor(ref, [:flush]) end
  end

  def mailbox(quiet \\ 40), do: (receive do m -> [m | mailbox(quiet)] after quiet -> [] end)
  def reasons(messages), do: (for m <- messages, is_tuple(m) and elem(m, 0) in [:EXIT, :DOWN], do: elem(m, tuple_size(m) - 1))
  # The exit reason of a call, without the call itself.
  def fails(fun), do: (try do fun.() catch :exit, {r, {GenServer, _, _}} -> r; :exit, r -> r end)
  def down(ref), do: (receive do {:DOWN, ^ref, _, _, r} -> r after 500 -> :alive end)
  def end_of(fun), do: (down(elem(spawn_monitor(fun), 1)))
  def idle, do: Process.sleep(:infinity)
end

defmodule Server do
  use GenServer
  def init({:trap, s}), do: (Process.flag(:trap_exit, true); {:ok, s})
  def init({:continue, to}), do: (send(self(), :early); {:ok, to, {:continue, :c}})
  def init({:stop, r}), do: {:stop, r}
  def init({:error, r}), do: {:error, r}
  def init(:ignore), do: :ignore
  def init(:slow), do: (Process.sleep(300); {:ok, 0})
  def init({:named, n, to}), do: (send(to, Process.whereis(n) == self()); {:ok, 0})
  def init(s), do: {:ok, s}
  def handle_continue(:c, to), do: (send(to, :continue); {:noreply, to})
  def handle_call({:sleep, ms}, _, s), do: (Process.sleep(ms); {:reply, :late, s})
  def handle_call(:get, _, s), do: {:reply, s, s}
  def handle_call(:self, _, s), do: {:reply, Rule.fails(fn -> GenServer.call(self(), :get) end), s}
  def handle_call(:stop, _, s), do: {:stop, :normal, s}
  def handle_call(:bye, _, s), do: {:stop, :normal, :bye, s}
  def handle_call(:throw, _, s), do: throw({:reply, :thrown, s})
  def handle_call({:add, x}, _, s), do: {:reply, :added, s ++ [x]}
  def handle_call(:twice, f, s), do: (GenServer.reply(f, 1); {:reply, 2, s})
  def handle_call(:later, f, s), do: (spawn(fn -> Process.sleep(20); GenServer.reply(f, :deferred) end); {:noreply, s})
  def handle_call({:arm, ms}, _, s), do: {:reply, :ok, s, ms}
  def handle_cast(:hold, s), do: (Process.sleep(30); {:noreply, s, 0})
  def handle_cast({:push, x}, s), do: {:noreply, s ++ [x]}
  def handle_info(:timeout, to), do: (send(to, :timeout); {:noreply, to})
  def handle_info(:ping, to), do: (send(to, :pong); {:noreply, to})
  def handle_info(:early, to), do: (send(to, :early); {:noreply, to})
  def handle_info({:EXIT, _, r}, to), do: (send(to, {:info, r}); {:noreply, to})
  def terminate(r, {:slow, ms}), do: (Process.sleep(ms); r)
  def terminate(r, to) when is_pid(to), do: (Process.sleep(20); send(to, {:terminate, r}))
  def terminate(_, _), do: :ok
  def code_change(_, _, :fail), do: raise("refused")
  def code_change(old, s, _), do: {:ok, [old, s]}
end

defmodule Worker do
  def spec(id, fun, more \\ []), do: Map.merge(%{id: id, start: {Worker, :link, [fun]}}, Map.new(more))
  def link(fun), do: {:ok, spawn_link(fun)}
  def run(fun), do: fun.()
  def starting(id, fun), do: %{id: id, start: {Worker, :run, [fun]}}
end

# Callback module of Erlang's supervisor, for what Elixir 1.14 does not offer (auto_shutdown came with 1.15).
defmodule Flagged do
  def init(flags_and_children), do: {:ok, flags_and_children}
end
