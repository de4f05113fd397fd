import { wrapped } from '../domain/wrap.ts';
import type { RunRequest } from '../runs/files.ts';
import { acpDriver } from './acp.ts';
import { claudeConversation, claudeDriver } from './claude.ts';
import { codexDriver } from './codex.ts';
import type { Driver } from './driver.ts';
import { geminiDriver } from './gemini.ts';
import { openCodeDriver } from './opencode.ts';
import { textDriver } from './text.ts';

/** The driver for a run; it keeps the state of that run's output. `temporary`: a directory that the run may have for itself. */
export function driverFor(request: RunRequest, temporary: string): Driver {
  const driver = plainDriver(request, temporary);
  const { wrap, task } = request;
  if (wrap === null) return driver;
  const command = wrapped(wrap, driver.plan.command, { cwd: task.cwd, tmp: temporary });
  return { ...driver, plan: { ...driver.plan, command, temporary } };
}

function plainDriver(request: RunRequest, temporary: string): Driver {
  const spec = request.agent;
  switch (spec.protocol) {
    case 'opencode':
      return openCodeDriver(request, spec, temporary);
    case 'claude':
      return claudeDriver(request, spec.command, temporary);
    case 'claude-stream':
      return claudeConversation(request, spec.command, temporary);
    case 'gemini':
      return geminiDriver(request, spec.command, temporary);
    case 'codex':
      return codexDriver(request, spec.command);
    case 'acp':
      return acpDriver(request, spec, temporary);
    case 'text':
      return textDriver(request, spec);
  }
}
