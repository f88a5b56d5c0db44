import type { Logger, LogLine } from "../../src/telemetry/logger.ts";

/** A logger that keeps its lines, as JSON, in the order they came. */
export function memoryLogger(lines: string[] = []): Logger {
  const at =
    (level: string): LogLine =>
    (fields, message) =>
      void lines.push(JSON.stringify({ level, message, ...fields }));
  return { debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error"), flush: () => undefined };
}
