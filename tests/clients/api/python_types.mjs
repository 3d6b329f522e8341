// python_types.mjs DOCUMENT DIR: the components of an OpenAPI document as Python classes, by quicktype, which is installed in DIR.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const [file, dir] = process.argv.slice(2);
const { FetchingJSONSchemaStore, InputData, JSONSchemaInput, quicktype } = createRequire(dir + "/")("quicktype-core");
const { components } = JSON.parse(readFileSync(file));

const schemas = new JSONSchemaInput(new FetchingJSONSchemaStore());
for (const name of Object.keys(components.schemas).sort()) {
  await schemas.addSource({ name, schema: JSON.stringify({ $ref: `#/components/schemas/${name}`, components }) });
}
const inputData = new InputData();
inputData.addInput(schemas);
const { lines } = await quicktype({ inputData, lang: "python", rendererOptions: { "python-version": "3.7" } });
console.log(lines.join("\n"));
