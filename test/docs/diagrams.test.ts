import { expect, test } from "vitest";
import { documentation } from "./page.ts";

const diagrams = documentation()
  .flatMap(({ blocks }) => blocks)
  .filter(({ language }) => language === "mermaid");

/** A name with its text, in one of the shapes that are used: [box], (["pill"]), ("round"), {"choice"}, [("store")]. */
const node = String.raw`\w+(?:\["[^"]+"\]|\(\["[^"]+"\]\)|\("[^"]+"\)|\{"[^"]+"\}|\[\("[^"]+"\)\])?`;
const nodes = `${node}(?: & ${node})*`;
const arrow = String.raw`(?:-->|---|-\.->|==>)(?:\|"[^"]+"\|)?`;
const flowLine = new RegExp(`^(?:${nodes}(?: ${arrow} ${nodes})*|direction (?:LR|RL|TB|TD|BT))$`);
const sequenceLine =
  /^(?:autonumber|(?:participant|actor) \w+(?: as [^;#]+)?|\w+(?:->>|-->>|-x|--x|-\)|--\))[+-]?\w+: [^;#]+|Note (?:over|left of|right of) \w+(?:,\w+)?: [^;#]+|(?:activate|deactivate) \w+)$/;
const sequenceOpening = /^(?:alt|opt|loop|par|critical|break|rect) [^;#]+$/;

/**
 * The part of Mermaid's grammar that the pages keep to: flowcharts whose texts are quoted, and sequence diagrams. Its own
 * parser brings more packages along than everything else here together.
 */
test.each(diagrams)("the diagram in $page:$line is well formed", ({ text }) => {
  expect(problemsOf(text)).toEqual([]);
});

test("what Mermaid would refuse is found", () => {
  expect(problemsOf("graph XY\n")).toEqual(["graph XY: neither a flowchart nor a sequence diagram"]);
  expect(problemsOf("flowchart LR\n  a[b (c)] --> d\n")).toEqual(["a[b (c)] --> d"]);
  expect(problemsOf('flowchart LR\n  subgraph x ["y"]\n  a --> b\n')).toEqual(["1 left open"]);
  expect(problemsOf("sequenceDiagram\n  a->>b: hi; there\n")).toEqual(["a->>b: hi; there"]);
  expect(problemsOf('flowchart TD\n  a(["A"]) -->|"x"| b["B"] --> c & d\n  subgraph s ["S"]\n  e\n  end\n')).toEqual(
    [],
  );
});

function problemsOf(text: string): string[] {
  const [first = "", ...lines] = text
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "" && !line.startsWith("%%"));
  const isFlow = /^flowchart (?:LR|RL|TB|TD|BT)$/.test(first);
  if (!isFlow && first !== "sequenceDiagram") return [`${first}: neither a flowchart nor a sequence diagram`];
  const opening = isFlow ? /^subgraph \w+(?: \["[^"]+"\])?$/ : sequenceOpening;
  const inside = isFlow ? flowLine : sequenceLine;
  let open = 0;
  const wrong = lines.filter((line) => {
    if (opening.test(line)) open += 1;
    else if (line === "end") open -= 1;
    else return !(inside.test(line) || (!isFlow && /^(?:else|and|option)(?: [^;#]+)?$/.test(line)));
    return open < 0;
  });
  return open === 0 ? wrong : [...wrong, `${open} left open`];
}
