/** How the page looks, light or dark as the reader has it. */
export const style = `
:root { color-scheme: light dark; --line: color-mix(in srgb, currentColor 18%, transparent); }
body { font: 16px/1.5 system-ui, sans-serif; margin: 0 auto; padding: 1rem; max-width: 64rem; }
code, pre { font: 0.875em/1.45 ui-monospace, monospace; }
pre { background: color-mix(in srgb, currentColor 6%, transparent); padding: 0.75rem; overflow-x: auto; }
section { border-top: 1px solid var(--line); padding-top: 0.25rem; margin-top: 1.5rem; }
h2 { margin-top: 3rem; }
h3 code { font-size: 1em; }
table { border-collapse: collapse; width: 100%; display: block; overflow-x: auto; }
th, td { text-align: left; vertical-align: top; padding: 0.25rem 0.75rem 0.25rem 0; border-bottom: 1px solid var(--line); }
td:last-child { min-width: 16rem; }
tr.form td { padding-top: 0.75rem; }
em { font-size: 0.8em; opacity: 0.75; }
nav ul { padding-left: 1.25rem; }
`;
