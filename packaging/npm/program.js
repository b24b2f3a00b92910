'use strict';

const { name: own, optionalDependencies } = require('./package.json');

/**
 * Returns the path of the program for this system and processor: npm installs the one package that has it.
 *
 * Throws an error that says what to do where there is none.
 */
exports.programPath = () => {
  const target = `${process.platform}-${process.arch}`;
  const name = `@${own}/${target}`;
  if (!(name in optionalDependencies)) {
    const targets = Object.keys(optionalDependencies).map((name) => name.split('/')[1]);
    throw new Error(
      `there is no program for ${target}, only for ${targets.join(', ')}; for others it is built from source`
    );
  }
  const file = process.platform === 'win32' ? 'pgdumprs.exe' : 'pgdumprs';
  try {
    return require.resolve(`${name}/bin/${file}`);
  } catch {
    throw new Error(
      `the package ${name} with the program for this system is not installed. ` +
        'Install again on this system, with optional dependencies: without --omit=optional, --no-optional or a setting to that effect, ' +
        'and without node_modules of another system or processor'
    );
  }
};
