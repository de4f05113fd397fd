import { expect, test } from 'vitest';
import { commandNames, isShim, shimTarget } from '../../../../gateway/domain/command-shim.ts';

test('a command of Windows is found by the endings that are allowed', () => {
  expect(commandNames('claude', '.COM;.EXE;.BAT;.CMD;.JS')).toEqual([
    'claude.exe',
    'claude.com',
    'claude.cmd',
    'claude.bat',
  ]);
  expect(commandNames('claude', '.EXE')).toEqual(['claude.exe']);
  expect(commandNames('claude.CMD', '.EXE')).toEqual(['claude.CMD']);
  expect([isShim('c:\\x\\claude.CMD'), isShim('c:\\x\\claude.exe')]).toEqual([true, false]);
});

test("what npm's shims call, script or program", () => {
  const npm = (path: string) =>
    `endLocal & goto #_undefined_# 2>NUL || title %COMSPEC% & "%_prog%"  "%dp0%\\node_modules\\${path}" %*\r\n`;
  expect(shimTarget(npm('@anthropic-ai\\claude-code\\cli.js'))).toEqual({
    path: 'node_modules\\@anthropic-ai\\claude-code\\cli.js',
    isScript: true,
  });
  expect(shimTarget('@ECHO off\r\n"%~dp0\\bin\\tool.exe"   %*\r\n')).toEqual({
    path: 'bin\\tool.exe',
    isScript: false,
  });
  expect(shimTarget('@ECHO off\r\ncall somewhere else %1')).toBeNull();
});
