/** A table of Markdown, a line for each row. */
export function table(header: readonly string[], rows: readonly (readonly string[])[]): string {
  return [header, header.map(() => "---"), ...rows].map((cells) => `| ${cells.map(cellText).join(" | ")} |\n`).join("");
}

/** Text as code. It must have no backtick in it. */
export function code(text: string): string {
  return `\`${text}\``;
}

/** A cell is one line, and ends at a bar. */
function cellText(text: string): string {
  return text.replace(/\s+/g, " ").replaceAll("|", "\\|");
}
