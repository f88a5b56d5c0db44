import type { ProviderTool } from "../../gen/llmhub/v1/tool_pb.ts";
import type { Rendering } from "./rendering.ts";

/** What the target calls a tool of its own: the id behind the provider's name. Throws CAPABILITY_UNSUPPORTED for tools of others. */
export function ownToolOf({ id }: ProviderTool, path: string, rendering: Rendering): string {
  const dot = id.indexOf(".");
  if (rendering.isOwn(id.slice(0, dot))) return id.slice(dot + 1);
  throw rendering.unsupported(`${path}.id`, "provider_tool", "the tool is another provider's");
}
