import { expect, it } from 'vitest';
import { wrapped } from '../../../../gateway/domain/wrap.ts';

const places = { cwd: '/srv/a b', tmp: '/run/tmp' };

it('[L9] puts the owner’s words in front, with the places of the run in them, each still one word', () => {
  const wrap = ['/usr/bin/bwrap', '--bind', '{cwd}', '{cwd}', '--bind={tmp}:{cwd}', '--'];
  expect(wrapped(wrap, ['/bin/agent', '{cwd}', '--flag'], places)).toEqual([
    '/usr/bin/bwrap',
    '--bind',
    '/srv/a b',
    '/srv/a b',
    '--bind=/run/tmp:/srv/a b',
    '--',
    '/bin/agent',
    '{cwd}',
    '--flag',
  ]);
});

it('[L9] takes a directory as it is called, whatever it is called', () => {
  expect(wrapped(['x', '{cwd}{tmp}{other}'], [], { cwd: '/$&{tmp}', tmp: '/t' })).toEqual(['x', '/$&{tmp}/t{other}']);
});
