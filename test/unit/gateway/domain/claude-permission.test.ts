import { describe, expect, it } from 'vitest';
import { claudeAction } from '../../../../gateway/domain/claude-permission.ts';

const action = (tool_name: string, input: Record<string, unknown>) =>
  claudeAction({ subtype: 'can_use_tool', tool_name, input });

describe('[R18] what Claude Code asks', () => {
  it('has a title of one line, and the whole command beside it', () => {
    const command = 'cat > a <<END\nsome text\nEND';
    expect(action('Bash', { command })).toEqual({ tool: 'execute', title: 'Bash: cat > a <<END …', command });
    expect(action('Bash', { command: 'ls\n' }).title).toBe('Bash: ls');
  });

  it('names the file that it changes, and how', () => {
    expect(action('Edit', { file_path: '/w/a', old_string: 'x', new_string: 'y\nz' })).toEqual({
      tool: 'edit',
      title: 'Edit: /w/a',
      paths: ['/w/a'],
      diff: '-x\n+y\n+z',
    });
  });
});
