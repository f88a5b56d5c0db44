import { BadRequestSchema } from "../../gen/google/rpc/error_details_pb.ts";
import type { Warning } from "../../gen/llmhub/v1/completion_pb.ts";
import type { Asked, Attempt } from "../model/call.ts";
import { GatewayError } from "../model/error.ts";
import type { Dialect, Rendered } from "../model/protocol.ts";

/** The request in the dialect. Throws CAPABILITY_UNSUPPORTED, naming every loss, for a caller who takes none. */
export function renderFor<Request extends Asked, Value>(
  dialect: Dialect<Request, Value>,
  attempt: Attempt<Request>,
): Rendered {
  const rendered = dialect.render(attempt);
  if (rendered.warnings.length > 0 && attempt.call.request.lossless) throw lossy(rendered.warnings, attempt);
  return rendered;
}

function lossy(warnings: readonly Warning[], { target }: Attempt<Asked>): GatewayError {
  const [first] = warnings;
  const field = first?.field ?? "";
  const more = warnings.length > 1 ? ` (and ${warnings.length - 1} more)` : "";
  const description = `${field}: ${first?.message}${more}. Without lossless this would be a warning (${target.selector})`;
  const metadata = { model: target.selector, capability: "lossless", field };
  return new GatewayError("CAPABILITY_UNSUPPORTED", description, { metadata }).detail(BadRequestSchema, {
    fieldViolations: warnings.map(({ field, message, code }) => ({ field, description: message, reason: code })),
  });
}
