import type { Dashboard } from "../dashboard.ts";
import { graph, stack } from "../panel.ts";
import { now, q, rate, sum } from "../query.ts";

/** Streams under way, broken, kept and resumed. */
export const streams: Dashboard = {
  name: "streams",
  title: "Streams",
  about: "Streams under way, broken, kept and resumed.",
  rows: [
    [
      "Under way",
      stack(
        "Open streams",
        "short",
        "That have begun and not ended.",
        q(sum("method", now("llmhub_open_streams")), "{{method}}"),
      ),
      graph(
        "Open streams by replica",
        "short",
        "Whether callers spread: see server.limits.connectionAgeMax.",
        q(sum("instance", now("llmhub_open_streams")), "{{instance}}"),
      ),
      stack(
        "Streams that end",
        "reqps",
        "Well, as far as a provider answered them, or broken after output.",
        q(sum("", rate("gen_ai_server_time_to_first_token_seconds_count")), "well"),
        q(sum("", rate("llmhub_broken_streams_total")), "broken"),
      ),
    ],
    [
      "Broken and resumed",
      stack(
        "Broken after output",
        "reqps",
        "By reason.",
        q(sum("reason", rate("llmhub_broken_streams_total")), "{{reason}}"),
      ),
      graph(
        "Taken up again",
        "reqps",
        "By callers whose connection broke.",
        q(sum("", rate("llmhub_resumed_streams_total")), "resumed"),
      ),
      graph(
        "Going on without a reader",
        "short",
        "After their connection broke, for streams.graceAfterDisconnect.",
        q(sum("instance", now("llmhub_orphaned_streams")), "{{instance}}"),
      ),
      graph(
        "Memory of what is kept",
        "bytes",
        "For streams that can be resumed; streams.bytesMax is the limit.",
        q(sum("instance", now("llmhub_kept_stream_bytes")), "{{instance}}"),
      ),
      stack(
        "Begun anew elsewhere",
        "reqps",
        "After output, for callers with allow_restart.",
        q(sum("provider", rate("llmhub_retries_total", 'to="restart"')), "{{provider}}"),
      ),
    ],
  ],
};
