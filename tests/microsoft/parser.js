// Reads a schema and then one query a line (JSON) on stdin; answers each with what Microsoft's
// parser says: errors, tokens, the values of its string literals, and the columns of the result.
"use strict";
const fs = require("fs");
const vm = require("vm");
const folder = process.argv[2];
for (const name of ["bridge.min.js", "Kusto.Language.Bridge.min.js"]) {
  vm.runInThisContext(fs.readFileSync(`${folder}/${name}`, "utf8"));
}
const Kusto = globalThis.Kusto.Language;
const kinds = {};
for (const [name, value] of Object.entries(Kusto.Syntax.SyntaxKind)) {
  if (typeof value === "number") kinds[value] = name;
}
let globals = null;

function withSchema(schema) {
  const tables = Object.entries(schema).map(([table, columns]) => {
    const text = Object.entries(columns).map(([name, kind]) => `['${name}']: ${kind}`).join(", ");
    return new Kusto.Symbols.TableSymbol.$ctor7(table, `(${text})`, null);
  });
  const database = new Kusto.Symbols.DatabaseSymbol.$ctor1("db", tables);
  return Kusto.GlobalState.Default.WithDatabase(database);
}

function answer(query) {
  const code = Kusto.KustoCode.ParseAndAnalyze(query, globals);
  const errors = Bridge.toArray(code.GetDiagnostics())
    .filter((each) => each.Severity === "Error")
    .map((each) => `${each.Code} ${each.Message}`);
  const tokens = Bridge.toArray(Kusto.Parsing.TokenParser.ParseTokens(query)).map((each) => ({
    kind: kinds[each.Kind],
    text: each.Text,
    trivia: each.Trivia,
  }));
  const literals = tokens
    .filter((each) => each.kind === "StringLiteralToken")
    .map((each) => Kusto.KustoFacts.GetStringLiteralValue(each.text));
  const result = code.ResultType;
  const columns = result && result.Columns
    ? Bridge.toArray(result.Columns).map((each) => [each.Name, each.Type ? each.Type.Name : null])
    : [];
  return { errors, tokens, literals, columns };
}

require("readline")
  .createInterface({ input: process.stdin })
  .on("line", (line) => {
    const told = JSON.parse(line);
    if (told.schema) globals = withSchema(told.schema);
    else process.stdout.write(`${JSON.stringify(answer(told.query))}\n`);
  });
