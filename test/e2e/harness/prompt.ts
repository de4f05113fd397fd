/** A task for the scripted agent, its commands one a line. */
export function script(commands: readonly string[], more: Record<string, unknown> = {}): Record<string, unknown> {
  return { agentType: 'script', prompt: commands.join('\n'), ...more };
}
