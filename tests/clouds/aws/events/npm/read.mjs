// Parses each `{schema, event}` of the file that is named, and prints what each schema has against it.
import fs from "node:fs";
import * as schemas from "@aws-lambda-powertools/parser/schemas";

const given = JSON.parse(fs.readFileSync(process.argv[2]));
const found = given.map(({ schema, event }) => {
  const { success, error } = schemas[schema].safeParse(event);
  return success ? "" : JSON.stringify(error.issues);
});
console.log(JSON.stringify(found));
