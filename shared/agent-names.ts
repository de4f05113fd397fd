/** How people write the names of known agents, without regard to case, `-`, `_` and blanks; each with the name that hosts announce. */
const SPELLINGS: Readonly<Record<string, readonly string[]>> = {
  opencode: ['opencode', 'opencodeai'],
  'claude-code': ['claudecode', 'claude'],
  gemini: ['gemini', 'geminicli'],
  codex: ['codex', 'codexcli', 'openaicodex'],
};

/** The name of a known agent in whatever spelling; any other name as it is. */
function knownName(name: string): string {
  const plain = name.toLowerCase().replace(/[\s_-]/g, '');
  return Object.entries(SPELLINGS).find(([, spellings]) => spellings.includes(plain))?.[0] ?? name;
}

/** Which of the names that a host offers is meant by `wanted`: that very one, else another spelling of the same agent; null for none. */
export function agentOffered(offered: readonly string[], wanted: string): string | null {
  if (offered.includes(wanted)) return wanted;
  const name = knownName(wanted);
  return offered.find((each) => knownName(each) === name) ?? null;
}
