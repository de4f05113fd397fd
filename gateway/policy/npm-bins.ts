import { delimiter } from 'node:path';

/** What npm puts in front of `PATH`: every `node_modules/.bin` up the tree, then this directory of its own. */
const PACKAGE_BIN = /[/\\]node_modules[/\\]\.bin[/\\]?$/;
const NPM_OWN_BIN = /[/\\]node-gyp-bin[/\\]?$/;

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * The environment with `PATH` as it was before `npm run` or `npx` prepended to it; the same when npm did not start this
 * process. A package's own tools, an agent that is only there to be tested among them, are none of the host's.
 */
export function withoutNpmBins(environment: Environment): Environment {
  const { npm_lifecycle_event: event, PATH: path } = environment;
  if (event === undefined || path === undefined) return environment;
  const entries = path.split(delimiter);
  const lastOfNpm = entries.findLastIndex((entry) => NPM_OWN_BIN.test(entry));
  const kept = entries.filter(
    (entry, index) => index > lastOfNpm || !(PACKAGE_BIN.test(entry) || NPM_OWN_BIN.test(entry)),
  );
  return { ...environment, PATH: kept.join(delimiter) };
}
