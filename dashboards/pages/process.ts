import type { Dashboard } from "../dashboard.ts";
import { graph, half, stack, table } from "../panel.ts";
import { now, q, rate, sum } from "../query.ts";

const one = "{{instance}} {{worker}}";

/** The processes: CPU, memory, event loop, workers, and what they say of themselves. */
export const process: Dashboard = {
  name: "process",
  title: "Process",
  about: "The processes: CPU, memory, event loop, workers, and what they say of themselves.",
  rows: [
    [
      "CPU and event loop",
      graph("CPU", "percentunit", "Cores in use.", q(rate("process_cpu_seconds_total"), one)),
      graph(
        "Event loop, p99",
        "s",
        "How late it is. About 20 ms are the measuring itself.",
        q(now("nodejs_eventloop_lag_p99_seconds"), one),
      ),
      graph(
        "Garbage collection",
        "percentunit",
        "Part of the time, by kind.",
        q(sum("instance, worker, kind", rate("nodejs_gc_duration_seconds_sum")), `${one} {{kind}}`),
      ),
    ],
    [
      "Memory",
      graph(
        "Resident",
        "bytes",
        "What the system counts for the process.",
        q(now("process_resident_memory_bytes"), one),
      ),
      graph("Heap in use", "bytes", "JavaScript objects.", q(now("nodejs_heap_size_used_bytes"), one)),
      graph("Outside of the heap", "bytes", "Buffers.", q(now("nodejs_external_memory_bytes"), one)),
      graph(
        "Open files",
        "short",
        "Connections are files, too.",
        q(now("process_open_fds"), one),
        q(now("process_max_fds"), `limit of ${one}`),
      ),
      half(graph("Handles", "short", "Sockets, timers and the like.", q(now("nodejs_active_handles_total"), one))),
    ],
    [
      "Workers",
      graph(
        "Workers that serve",
        "short",
        "Nothing with one process.",
        q(sum("instance", now("llmhub_workers")), "{{instance}}"),
        q(sum("instance", now("llmhub_silent_workers")), "{{instance}}: did not answer this scrape"),
      ),
      graph(
        "Workers that ended",
        "short",
        "In a second, by signal or exit code.",
        q(sum("instance, reason", rate("llmhub_worker_exits_total")), "{{instance}} {{reason}}"),
      ),
      graph("Age of processes", "s", "Since their start.", q(`time() - ${now("process_start_time_seconds")}`, one)),
    ],
    [
      "What it says of itself",
      stack(
        "Trouble",
        "short",
        "In a second: unexpected exceptions, refused configurations, lost log lines, exceptions of extensions.",
        q(sum("", rate("llmhub_faults_total")), "exceptions"),
        q(sum("", rate("llmhub_config_reload_failures_total")), "configurations refused"),
        q(sum("", rate("llmhub_log_lines_dropped_total")), "log lines lost"),
        q(sum("extension", rate("llmhub_failed_extension_calls_total")), "extension {{extension}}"),
      ),
      stack(
        "Spans",
        "short",
        "In a second: what became of them on the way to the receiver of traces.",
        q(sum("outcome", rate("llmhub_spans_total")), "{{outcome}}"),
      ),
      table("Versions", "short", "What runs.", q(sum("instance, version, node", now("llmhub_build_info")), "")),
    ],
  ],
};
