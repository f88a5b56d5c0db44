import { parser } from "@prometheus-io/lezer-promql";

type Node = ReturnType<ReturnType<typeof parser.parse>["cursor"]>["node"];

/**
 * What is wrong with a query: it cannot be read, asks for series that there are not, or for labels that they do not have.
 * A sum or a maximum by labels is held against every series below it.
 */
export function problemsOf(expr: string, families: ReadonlyMap<string, ReadonlySet<string>>): string[] {
  const problems: string[] = [];
  const tree = parser.parse(expr);
  const text = ({ from, to }: Node) => expr.slice(from, to);
  tree.iterate({
    enter({ node }) {
      if (node.type.isError) problems.push(`cannot be read at ${expr.slice(node.from, node.from + 20)}`);
      if (node.name === "VectorSelector") {
        const name = nameIn(node, text);
        const labels = families.get(name);
        if (labels === undefined) problems.push(`there is no ${name}`);
        else for (const label of labelsIn(node, text)) if (!labels.has(label)) problems.push(`${name} has no ${label}`);
      }
      if (node.name === "AggregateExpr") {
        const by = node.getChild("AggregateModifier")?.getChild("GroupingLabels");
        const wanted = by ? labelsIn(by, text) : [];
        for (const name of namesBelow(node, text)) {
          for (const label of wanted)
            if (families.get(name)?.has(label) === false) problems.push(`${name} has no ${label}`);
        }
      }
    },
  });
  return problems;
}

/** Every series that a query is about. */
export function namesIn(expr: string): string[] {
  return namesBelow(parser.parse(expr).topNode, ({ from, to }) => expr.slice(from, to));
}

function nameIn(selector: Node, text: (node: Node) => string): string {
  const name = selector.getChild("Identifier");
  return name === null ? "" : text(name);
}

function labelsIn(node: Node, text: (node: Node) => string): string[] {
  const found: string[] = [];
  node.cursor().iterate((each) => {
    if (each.name === "LabelName") found.push(text(each.node));
  });
  return found;
}

function namesBelow(node: Node, text: (node: Node) => string): string[] {
  const found: string[] = [];
  node.cursor().iterate((each) => {
    if (each.name === "VectorSelector") found.push(nameIn(each.node, text));
  });
  return found;
}
