import type { HostStatus } from '../shared/host.ts';

const DEFAULT_AGENT = 'opencode';

/** What `npm start` says when it is up: what there is, and commands to use it. */
export function instructions(url: string, tokenFile: string, { hostId, capabilities }: HostStatus): string {
  const { agents, cwd } = capabilities;
  const agent = agents.includes(DEFAULT_AGENT) ? undefined : agents[0];
  const body = JSON.stringify({ prompt: 'Say hello', agentType: agent });
  const offer =
    agents.length > 0
      ? agents.join(', ')
      : 'no agent, so tasks wait: install OpenCode, or define a program as one (docs/settings.md)';
  const authorization = `-H "Authorization: Bearer $(cat '${tokenFile}')"`;
  return `
Agent Gateway is up on ${url}; this machine is its host "${hostId}".
It offers: ${offer}; tasks run in ${cwd}.
A client's token is in ${tokenFile}. Post a task, and follow it by the id in the answer:

  curl -s ${url}/api/tasks ${authorization} \\
    -H 'Content-Type: application/json' -d '${body}'
  curl -sN ${url}/api/tasks/<id>/events ${authorization} \\
    -H 'Accept: text/event-stream'

Ctrl-C stops it.
`;
}
