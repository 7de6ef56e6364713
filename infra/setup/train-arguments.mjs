// `npm start -- ARGS` is `qfleet train ARGS`, and CartPole where ARGS name nothing to train.

const DEFAULT_PRESET = 'cartpole';

/** Options of `qfleet train` that take no value; after any other the next argument is its value. */
const SWITCHES = ['--single', '--keep-replay', '--detach', '--json', '--help', '-h'];

/** @param {string[]} args
 * @returns {string[]} the arguments for qfleet */
export function trainArguments(args) {
  const given = args[0] === 'train' ? args.slice(1) : args;
  return namesPreset(given) ? ['train', ...given] : ['train', DEFAULT_PRESET, ...given];
}

/** @param {string[]} args */
function namesPreset(args) {
  for (let i = 0; i < args.length; i++) {
    if (!args[i].startsWith('-')) return true;
    if (!args[i].includes('=') && !SWITCHES.includes(args[i])) i += 1;
  }
  return false;
}
