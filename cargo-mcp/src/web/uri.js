// URI templates (RFC 6570): which variables one has, and what it becomes with their values, which are texts.

/** For each operator: what stands first, what between, whether names are written, and whether reserved characters stay. */
const OPERATORS = {
  "": ["", ",", false, false],
  "+": ["", ",", false, true],
  "#": ["#", ",", false, true],
  ".": [".", ".", false, false],
  "/": ["/", "/", false, false],
  ";": [";", ";", true, false],
  "?": ["?", "&", true, false],
  "&": ["&", "&", true, false],
};
const EXPRESSION = /\{([+#./;?&]?)([^{}]*)\}/g;

function names(list) {
  return list.split(",").map((one) => one.replace(/\*$/, "").replace(/:\d+$/, "")).filter(Boolean);
}

/** The variables, each once, and whether the template can be filled without it. */
export function variables(template) {
  const found = new Map();
  for (const [, operator, list] of template.matchAll(EXPRESSION)) {
    for (const name of names(list)) found.set(name, { name, isOptional: "?&;#".includes(operator) && operator !== "" });
  }
  return [...found.values()];
}

function encode(text, keepsReserved) {
  const encoded = encodeURIComponent(text).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);
  return keepsReserved ? encodeURI(text).replace(/%25([0-9A-Fa-f]{2})/g, "%$1") : encoded;
}

/** The URI. A variable without a value is left out. */
export function expand(template, values) {
  return template.replace(EXPRESSION, (_, operator, list) => {
    const [first, between, isNamed, keepsReserved] = OPERATORS[operator];
    const parts = names(list).filter((name) => values[name] !== undefined && values[name] !== "").map((name) => {
      const value = encode(values[name], keepsReserved);
      return isNamed ? `${name}=${value}` : value;
    });
    return parts.length > 0 ? first + parts.join(between) : "";
  });
}
