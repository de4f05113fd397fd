/** Pure: no clock, no randomness, no storage, no network. The owner's command around an agent: a sandbox, a container, another user. */

/** What its words may name. */
export interface WrapPlaces {
  /** The task's directory. */
  cwd: string;
  /** A directory of the run, which is there while the agent runs. */
  tmp: string;
}

/** The agent's command behind the owner's, in which `{cwd}` and `{tmp}` stand for places of the run. No word becomes two. */
export function wrapped(wrap: readonly string[], command: readonly string[], { cwd, tmp }: WrapPlaces): string[] {
  return [
    ...wrap.map((word) => word.replaceAll(/\{(cwd|tmp)\}/g, (_, name) => (name === 'cwd' ? cwd : tmp))),
    ...command,
  ];
}
