import type { Dashboard } from "../dashboard.ts";
import { graph, stack, timeline } from "../panel.ts";
import { chosen, max, now, q, quantiles, rate, sum } from "../query.ts";

const memory = [
  [0, "fine", "green"],
  [1, "new calls are refused", "orange"],
  [2, "calls are ended", "red"],
] as const;

/** What is refused because it is too much, by limits that operators set and by what the gateway can bear. */
export const limits: Dashboard = {
  name: "limits",
  title: "Limits and overload",
  about: "What is refused because it is too much, by limits that operators set and by what the gateway can bear.",
  rows: [
    [
      "Limits",
      stack(
        "Refused by limits",
        "reqps",
        "Scope and metric of the limit.",
        q(sum("scope, metric", rate("llmhub_rate_limited_total")), "{{scope}} {{metric}}"),
      ),
      stack(
        "Shed for overload",
        "reqps",
        "By what there was too little of.",
        q(sum("cause", rate("llmhub_shed_calls_total")), "{{cause}}"),
      ),
      graph(
        "Part of calls that is shed",
        "percentunit",
        "Targets that are slow left out.",
        q(
          `${sum("", rate("llmhub_shed_calls_total", 'cause!="target"'))} / (${sum("", rate("llmhub_shed_calls_total", 'cause!="target"'))} + ${sum("", rate("llmhub_calls_total"))})`,
          "shed",
        ),
      ),
    ],
    [
      "Room",
      graph(
        "Calls under way",
        "short",
        "And how many may be, which follows how late the event loop is.",
        q(sum("instance", now("llmhub_calls_in_flight")), "{{instance}}"),
        q(sum("instance", now("llmhub_calls_in_flight_limit")), "limit of {{instance}}"),
      ),
      graph(
        "Calls that wait",
        "short",
        "To be let in.",
        q(sum("instance", now("llmhub_queued_calls")), "{{instance}}"),
      ),
      graph("How long they wait", "s", "Those that were let in then.", ...quantiles("llmhub_queue_wait_seconds")),
      graph(
        "Calls at once that a target gets",
        "short",
        "As of now.",
        q(sum("provider, model", now("llmhub_target_calls_limit", chosen)), "{{provider}} {{model}}"),
      ),
      graph(
        "Memory in use",
        "percentunit",
        "Of what the process may have; 85 % and 93 % are the marks.",
        q(max("instance", now("llmhub_memory_used_ratio")), "{{instance}}"),
      ),
    ],
    [
      "Memory",
      timeline(
        memory,
        "State of memory",
        "short",
        "Of each replica the worst worker.",
        q(max("instance", now("llmhub_memory_state")), "{{instance}}"),
      ),
    ],
  ],
};
