/** What a path of Bedrock's runtime asks of which model. */
export interface BedrockTarget {
  readonly model: string;
  readonly operation: string;
}

/** Reads a path such as "/v1/model/us.anthropic.claude-3-7-sonnet-20250219-v1:0/converse", below any prefix. */
export function bedrockTarget(path: string): BedrockTarget | undefined {
  const [, model = "", operation = ""] = /\/model\/(.+)\/([a-z-]+)$/.exec(path) ?? [];
  return model === "" ? undefined : { model, operation };
}

/** The name without what looks like scenario words: an ARN's head, and the number behind a version. */
export function plainName(model: string): string {
  return model.slice(model.lastIndexOf("/") + 1).replace(/(-v?\d+):\d+(?=:|$)/, "$1");
}
