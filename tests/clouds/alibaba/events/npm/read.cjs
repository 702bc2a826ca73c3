// Reads every event of the folder that is named, as a handler would, and prints what it found.
const fs = require("fs");
const path = require("path");
const { decode } = require("cbor-x");
const { CloudEvent, HTTP } = require("cloudevents");

const JSON_EVENT = { "content-type": "application/cloudevents+json" };

function envelope(record) {
  const event = HTTP.toEvent({ headers: JSON_EVENT, body: JSON.stringify(record) });
  new CloudEvent(record); // refuses attributes that the specification does not allow
  return { id: event.id, type: event.type, source: event.source, data: event.data };
}

function read(file) {
  const content = fs.readFileSync(file);
  if (file.endsWith(".cbor")) {
    return decode(content);
  }
  const payload = JSON.parse(content);
  const records = Array.isArray(payload) ? payload : [payload];
  return records
    .map((each) => (typeof each === "string" ? JSON.parse(each) : each))
    .map((each) => ("specversion" in each ? envelope(each) : null));
}

const folder = process.argv[2];
const found = fs.readdirSync(folder).map((name) => [name, read(path.join(folder, name))]);
console.log(JSON.stringify(Object.fromEntries(found), (_, value) => (typeof value === "bigint" ? Number(value) : value)));
