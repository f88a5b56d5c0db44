import type { DescEnum, DescEnumValue, DescField, DescFile, DescMessage } from "@bufbuild/protobuf";

/** What a comment can stand above. */
type Described = DescMessage | DescEnum | DescEnumValue | DescField;

/**
 * The comment above a declaration in its .proto file, in one line; empty where there is none, and for descriptors that came
 * without the source, as those in `gen` do.
 */
export function commentOf(desc: Described): string {
  const file = desc.kind === "field" || desc.kind === "enum_value" ? desc.parent.file : desc.file;
  return commentsIn(file).get(placeOf(desc).join(".")) ?? "";
}

const known = new WeakMap<DescFile, ReadonlyMap<string, string>>();

function commentsIn(file: DescFile): ReadonlyMap<string, string> {
  const before = known.get(file);
  if (before !== undefined) return before;
  const locations = file.proto.sourceCodeInfo?.location ?? [];
  const comments = new Map(
    locations.map(
      ({ path, leadingComments }) => [path.join("."), leadingComments.trim().replace(/\s+/g, " ")] as const,
    ),
  );
  known.set(file, comments);
  return comments;
}

/** A path of SourceCodeInfo: numbers of fields of descriptor.proto and positions in them, by turns. */
function placeOf(desc: Described): readonly number[] {
  switch (desc.kind) {
    case "message":
      return desc.parent === undefined
        ? [4, desc.file.messages.indexOf(desc)]
        : [...placeOf(desc.parent), 3, desc.parent.nestedMessages.indexOf(desc)];
    case "enum":
      return desc.parent === undefined
        ? [5, desc.file.enums.indexOf(desc)]
        : [...placeOf(desc.parent), 4, desc.parent.nestedEnums.indexOf(desc)];
    case "field":
      return [...placeOf(desc.parent), 2, desc.parent.fields.indexOf(desc)];
    case "enum_value":
      return [...placeOf(desc.parent), 2, desc.parent.values.indexOf(desc)];
  }
}
