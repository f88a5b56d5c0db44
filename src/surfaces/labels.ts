const labelName = /^[a-z][a-z0-9_.-]{0,62}$/;
const labelCharsMax = 256;

/** The field "metadata" of OpenAI's APIs as labels. Names that are no labels stay out: they are for OpenAI's own dashboards. */
export function labelsOf(metadata: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(metadata).filter(([name, value]) => labelName.test(name) && value.length <= labelCharsMax),
  );
}
