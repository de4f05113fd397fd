/** Pure: no clock, no randomness, no storage, no network. Commands of Windows, which are found by their endings. */

/** What npm and its like write for a command: they all end by calling the real one, relative to their own place. */
const SHIM_TARGET = /"%(?:~dp0|dp0%)\\?([^"]+)"\s+%\*/i;
const SCRIPT = /\.[cm]?js$/i;
/** Those that a process can be made of, and those that call another; anything else would need a shell. */
const ENDINGS = ['.exe', '.com', '.cmd', '.bat'];

/** File names to look for when a command is called `name`, in this order. `pathExt` as in the variable `PATHEXT`. */
export function commandNames(name: string, pathExt: string): string[] {
  const allowed = pathExt.toLowerCase().split(';');
  const hasEnding = ENDINGS.some((ending) => name.toLowerCase().endsWith(ending));
  return hasEnding ? [name] : ENDINGS.filter((ending) => allowed.includes(ending)).map((ending) => `${name}${ending}`);
}

/** Whether the file calls another program. */
export function isShim(path: string): boolean {
  return /\.(cmd|bat)$/i.test(path);
}

/** What a shim calls: a path relative to its own directory, and whether Node.js has to run it; null when it is no such shim. */
export function shimTarget(text: string): { path: string; isScript: boolean } | null {
  const [, path] = SHIM_TARGET.exec(text) ?? [];
  return path === undefined ? null : { path: path.replace(/^\\/, ''), isScript: SCRIPT.test(path) };
}
