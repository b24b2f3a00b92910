#!/usr/bin/env node
'use strict';

const { spawn } = require('child_process');
const { constants } = require('os');
const { programPath } = require('./program.js');

// A terminal sends them to the program as well. It takes the first that comes, so each is passed on, from wherever it is.
const SIGNALS = ['SIGHUP', 'SIGINT', 'SIGQUIT', 'SIGTERM'];

function fail(error) {
  console.error(`pgdumprs: ${error.message}`);
  process.exitCode = 1;
}

function run(program) {
  let child;
  // On Windows the console tells every program by itself, and to pass a signal on would be to kill.
  const passOn = process.platform === 'win32' ? () => {} : (signal) => child.kill(signal);
  const heard = process.platform === 'win32' ? ['SIGHUP', 'SIGINT', 'SIGBREAK'] : SIGNALS;
  heard.forEach((signal) => process.on(signal, passOn));

  child = spawn(program, process.argv.slice(2), { stdio: 'inherit' });
  child.on('error', (error) => fail(new Error(`could not start ${program}: ${error.message}`)));
  child.on('exit', (status, signal) => {
    heard.forEach((signal) => process.off(signal, passOn));
    if (signal === null) {
      process.exitCode = status;
      return;
    }
    // Ends as the program did. The status is for signals that this process ignores.
    process.exitCode = 128 + constants.signals[signal];
    process.kill(process.pid, signal);
  });
}

try {
  run(programPath());
} catch (error) {
  fail(error);
}
