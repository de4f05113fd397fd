import { MAX_OUTPUT_BYTES } from '../../shared/limits.ts';
import { describeExit } from '../domain/agent-exit.ts';
import { Tail } from '../domain/tail.ts';
import type { AgentSpec, RunRequest } from '../runs/files.ts';
import type { Driver } from './driver.ts';

type TextSpec = Extract<AgentSpec, { protocol: 'text' }>;

/**
 * Any program: the prompt on stdin, then EOF; every line of stdout is a `log` event; exit 0 is success. With `input` stdin
 * stays open: the prompt and each input are a line of it.
 */
export function textDriver(request: RunRequest, spec: TextSpec): Driver {
  const output = new Tail(MAX_OUTPUT_BYTES);
  const asLine = (content: string) => `${content}\n`;
  return {
    plan: {
      command: spec.command,
      env: request.env,
      stdin: spec.input ? asLine(request.task.prompt) : request.task.prompt,
      formatInput: spec.input ? asLine : null,
      sharedData: null,
      temporary: null,
    },
    line(text, now) {
      output.append(asLine(text));
      return { events: [{ type: 'log', content: text, timestamp: now }], sessionId: null };
    },
    sessionInLog: () => null,
    verdict(exit) {
      const success = exit.code === 0;
      return { success, message: success ? '' : `the agent ${describeExit(exit)}`, output: output.text, files: [] };
    },
  };
}
