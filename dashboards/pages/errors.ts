import type { Dashboard } from "../dashboard.ts";
import { graph, half, stack } from "../panel.ts";
import { chosen, q, rate, sum } from "../query.ts";

const ended = "gen_ai_server_request_duration_seconds_count";
const ownFaults = "INTERNAL|GATEWAY_OVERLOADED|GATEWAY_DEPENDENCY_UNAVAILABLE";

/** What goes wrong, whose fault it is, and what was tried. */
export const errors: Dashboard = {
  name: "errors",
  title: "Errors",
  about: "What goes wrong, whose fault it is, and what was tried. docs/errors.md says who can mend which reason.",
  rows: [
    [
      "What callers get",
      half(
        stack(
          "Calls by reason",
          "reqps",
          "Calls that were let in and failed.",
          q(sum("error_type", rate(ended, 'error_type!=""')), "{{error_type}}"),
        ),
      ),
      half(
        stack(
          "Refused at the door by reason",
          "reqps",
          "Calls that were never carried out.",
          q(sum("method, reason", rate("llmhub_rejected_calls_total")), "{{reason}} {{method}}"),
        ),
      ),
      graph(
        "Part of calls that fail",
        "percentunit",
        "By reason.",
        q(
          `${sum("error_type", rate(ended, 'error_type!=""'))} / ignoring (error_type) group_left ${sum("", rate(ended))}`,
          "{{error_type}}",
        ),
      ),
      graph(
        "The gateway's own faults",
        "percentunit",
        "What the alerts LLMHubFaults go by; the goal is 0.1 %.",
        q(`${sum("", rate(ended, `error_type=~"${ownFaults}"`))} / ${sum("", rate(ended))}`, "calls"),
        q(sum("reason", rate("llmhub_rejected_calls_total", `reason=~"${ownFaults}"`)), "refused: {{reason}}"),
      ),
      stack(
        "Streams that broke after output",
        "reqps",
        "Their callers have half an answer.",
        q(sum("reason", rate("llmhub_broken_streams_total")), "{{reason}}"),
      ),
    ],
    [
      "What providers do",
      half(
        stack(
          "Failed attempts",
          "reqps",
          "HTTP status, or the cause.",
          q(
            sum("provider, outcome", rate("llmhub_upstream_attempts_total", `${chosen},outcome!="ok"`)),
            "{{provider}} {{outcome}}",
          ),
        ),
      ),
      half(
        graph(
          "Part of attempts that fail",
          "percentunit",
          "Also what is wrong with the request itself.",
          q(
            `${sum("provider", rate("llmhub_upstream_attempts_total", `${chosen},outcome!="ok"`))} / ${sum("provider", rate("llmhub_upstream_attempts_total", chosen))}`,
            "{{provider}}",
          ),
        ),
      ),
      graph(
        "Unreadable answers",
        "reqps",
        "The format changed, or something else answers at the address.",
        q(sum("provider", rate("llmhub_upstream_unreadable_total", chosen)), "{{provider}}"),
      ),
      graph(
        "Answers without their marker",
        "reqps",
        "Taken as complete, because they said why they end.",
        q(sum("provider", rate("llmhub_upstream_unmarked_total", chosen)), "{{provider}}"),
      ),
      graph(
        "Redirects not followed",
        "reqps",
        "Somebody sends the gateway elsewhere.",
        q(sum("provider", rate("llmhub_upstream_redirects_blocked_total", chosen)), "{{provider}}"),
      ),
    ],
    [
      "What was tried",
      stack(
        "After a failed attempt",
        "reqps",
        "Another target, a repeat, a restart after output, or nothing for want of budget.",
        q(sum("to", rate("llmhub_retries_total", chosen)), "{{to}}"),
      ),
      stack(
        "Hedges",
        "reqps",
        "Second attempts beside a slow one, and the caps that forbade some.",
        q(sum("outcome", rate("llmhub_hedges_total", chosen)), "{{outcome}}"),
      ),
      stack(
        "Steps of chains",
        "reqps",
        "By how they ended.",
        q(sum("chain, step, outcome", rate("llmhub_chain_steps_total")), "{{chain}} {{step}} {{outcome}}"),
      ),
    ],
  ],
};
