import { describe, expect, test } from 'vitest';
import { withoutNpmBins } from '../../../../gateway/policy/npm-bins.ts';

const OWN = '/home/me/tools/node_modules/.bin:/usr/local/bin:/usr/bin';
const ADDED = [
  '/src/app/node_modules/.bin',
  '/src/node_modules/.bin',
  '/node_modules/.bin',
  '/usr/lib/node_modules/npm/node_modules/@npmcli/run-script/lib/node-gyp-bin',
].join(':');

describe('PATH without what npm put in front', () => {
  test.each([
    ['once', `${ADDED}:${OWN}`, OWN],
    ['twice, by one script that runs another', `${ADDED}:${ADDED}:${OWN}`, OWN],
    ['with a directory that a script added in between', `${ADDED}:/opt/x:${ADDED}:${OWN}`, `/opt/x:${OWN}`],
    ['by nothing', OWN, OWN],
  ])('%s', (_name, path, expected) => {
    expect(withoutNpmBins({ npm_lifecycle_event: 'start', PATH: path, A: '1' })).toMatchObject({
      PATH: expected,
      A: '1',
    });
  });

  test('stays as it is where npm did not start this process', () => {
    const environment = { PATH: `${ADDED}:${OWN}` };
    expect(withoutNpmBins(environment)).toBe(environment);
    expect(withoutNpmBins({ npm_lifecycle_event: 'npx' }).PATH).toBeUndefined();
  });
});
