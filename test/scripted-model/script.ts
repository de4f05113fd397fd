import type { Turn } from './turn.ts';

/** Decides what the model does next: `step` counts the tools already run for this prompt. */
export type Script = (prompt: string, step: number) => Turn;

/**
 * The script that the prompt itself writes, one directive per line:
 * `@write <file> <text>` and `@bash <command>` call a tool, `@think <thought>` thinks before the answer, `@fail <status>` fails,
 * `@stall` never answers, `@say <text>` is the answer. Tools come first, in order; any other text is ignored.
 */
export const promptScript: Script = (prompt, step) => {
  const directives = [...prompt.matchAll(/^@(\w+)[ ]?(.*)$/gm)].map(([, name = '', rest = '']) => ({ name, rest }));
  const turns = directives.flatMap(({ name, rest }) => turnFor(name, rest));
  const next = turns[step];
  if (next !== undefined) return next;
  const thought = directives.find(({ name }) => name === 'think')?.rest;
  const text = directives.find(({ name }) => name === 'say')?.rest ?? `Done after ${step} tools.`;
  return { kind: 'answer', text, ...(thought === undefined ? {} : { thought }) };
};

function turnFor(name: string, rest: string): Turn[] {
  switch (name) {
    case 'write': {
      const [path = '', ...words] = rest.split(' ');
      return [write(path, `${words.join(' ')}\n`)];
    }
    case 'bash':
      return [shell(rest)];
    case 'fail':
      return [{ kind: 'fail', status: Number(rest) }];
    case 'stall':
      return [{ kind: 'stall' }];
    default:
      return [];
  }
}

/** Relative paths are for agents that resolve them against their directory; not all do. */
export function write(path: string, content: string, text = 'I will write the file.'): Turn {
  return { kind: 'tool', tool: { name: 'write', path, content }, text };
}

export function shell(command: string): Turn {
  return { kind: 'tool', tool: { name: 'shell', command } };
}
