/** Environment variables by name. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** A text after substitution, or why it has none. */
export type Substituted = { readonly text: string } | { readonly problem: string };

/** In this order: escaped opening, whole reference, opening without an end. */
const tokens = /\$\$\{|\$\{([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?\}|\$\{/g;

const malformed = `has a reference that is not \${NAME} or \${NAME:-default}; write $\${ for a literal \${`;

/**
 * Replaces ${NAME} and ${NAME:-default} with environment variables, once: what a variable brings is not looked at again.
 * The default stands in for a variable that is missing or empty; $${ is a literal ${.
 */
export function substitute(text: string, env: Environment): Substituted {
  let problem: string | undefined;
  const replaced = text.replace(tokens, (token: string, name: string | undefined, fallback: string | undefined) => {
    if (token === "$${") return "${";
    if (name === undefined) {
      problem ??= malformed;
      return "";
    }
    const value = env[name];
    if (value !== undefined && (value !== "" || fallback === undefined)) return value;
    if (fallback === undefined) {
      problem ??= `needs the environment variable ${name}, which is not set; set it, or write \${${name}:-default}`;
    }
    return fallback ?? "";
  });
  return problem === undefined ? { text: replaced } : { problem };
}
