// calls.js: what a call of a tool is about.

export function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

// The path among the arguments, which are an object or, as a model wrote them, its text.
export function pathOf(given) {
  const all = typeof given === "string" ? parsed(given) : given;
  return all && typeof all.path === "string" ? all.path : "";
}

// "write_file db/a.sql" of {tool, operation or arguments}.
export const aboutCall = ({ tool, operation, arguments: given }) =>
  [tool, pathOf(given) || (operation && (pathOf(operation.arguments) || pathOf(operation)))].filter(Boolean).join(" ");
