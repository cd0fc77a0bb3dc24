// Lists the operations of /openapi.json, each with a form to try it. Nothing is loaded from elsewhere.
"use strict";

const element = (tag, properties = {}, ...children) => {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children);
  return made;
};

const typeOf = (schema = {}) => {
  if (schema.$ref) return schema.$ref.split("/").pop();
  if (schema.anyOf) return schema.anyOf.map(typeOf).join(" | ");
  if (schema.type === "array") return `${typeOf(schema.items)} …`;
  return schema.enum ? schema.enum.join(" | ") : schema.type || "any";
};

const isList = (schema = {}) => schema.type === "array" || (schema.anyOf || []).some(isList);

function parameterRow(parameter) {
  const input = element("input", { name: parameter.name, value: parameter.schema?.default ?? "" });
  if (isList(parameter.schema)) {
    input.value = "";
    input.placeholder = "several: separated by a space";
  }
  const label = element("label", { className: parameter.required ? "required" : "" },
    parameter.name + (parameter.required ? " *" : ""));
  input.setAttribute("aria-label", parameter.name);
  const about = `${typeOf(parameter.schema)}. ${parameter.description || ""}`;
  return { input, parameter, row: element("tr", {}, element("td", {}, label),
    element("td", {}, input), element("td", {}, about)) };
}

function address(path, rows) {
  const query = new URLSearchParams();
  let filled = path;
  for (const { input, parameter } of rows) {
    const text = input.value.trim();
    if (parameter.in === "path") {
      const value = text.split("/").map(encodeURIComponent).join("/");
      filled = filled.replace(`{${parameter.name}}`, value);
    } else if (text) {
      const values = isList(parameter.schema) ? text.split(/\s+/) : [text];
      values.forEach((value) => query.append(parameter.name, value));
    }
  }
  return query.size ? `${filled}?${query}` : filled;
}

async function attempt(method, url, body, output) {
  const headers = {};
  const key = document.getElementById("key").value.trim();
  if (key) headers["X-API-Key"] = key;
  if (body) headers["Content-Type"] = "application/json";
  output.textContent = "…";
  try {
    const began = performance.now();
    const answer = await fetch(url, { method, headers, body: body || undefined });
    const took = (performance.now() - began).toFixed(0);
    const text = await answer.text();
    let shown = text;
    try { shown = JSON.stringify(JSON.parse(text), null, 2); } catch { /* plain text is shown as it is */ }
    output.textContent = `${method} ${url}\n${answer.status} ${answer.statusText}, ${took} ms\n\n${shown}`;
  } catch (error) {
    output.textContent = `No answer: ${error.message}. Does the server still run?`;
  }
}

function operationOf(path, method, operation) {
  const rows = (operation.parameters || []).map(parameterRow);
  const output = element("pre", { hidden: true });
  const form = element("form", {}, element("table", {}, ...rows.map((row) => row.row)));
  let body = null;
  if (operation.requestBody) {
    body = element("textarea", { rows: 6, placeholder: "JSON" });
    form.append(body);
  }
  form.append(element("button", { type: "submit" }, "Try it"));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    output.hidden = false;
    attempt(method.toUpperCase(), address(path, rows), body?.value, output);
  });
  const head = element("summary", {}, element("b", {}, method.toUpperCase()),
    element("code", {}, path), ` ${operation.summary || ""}`);
  const made = element("details", {}, head, element("p", {}, operation.description || ""), form, output);
  made.dataset.text = `${method} ${path} ${operation.description || ""}`.toLowerCase();
  return made;
}

async function show() {
  const main = document.getElementById("operations");
  const documented = await (await fetch("/openapi.json")).json();
  document.getElementById("about").textContent = `${documented.info.description} Version ${documented.info.version}.`;
  const byTag = new Map();
  for (const [path, methods] of Object.entries(documented.paths)) {
    for (const [method, operation] of Object.entries(methods)) {
      const tag = operation.tags?.[0] || "other";
      byTag.set(tag, [...(byTag.get(tag) || []), operationOf(path, method, operation)]);
    }
  }
  main.replaceChildren();
  for (const [tag, operations] of byTag) {
    main.append(element("section", {}, element("h2", {}, tag.replace("_", " ")), ...operations));
  }
}

document.getElementById("find").addEventListener("input", (event) => {
  const wanted = event.target.value.toLowerCase();
  for (const details of document.querySelectorAll("details")) {
    details.hidden = !details.dataset.text.includes(wanted);
  }
});

show().catch((error) => {
  document.getElementById("operations").textContent = `openapi.json cannot be read: ${error.message}`;
});
