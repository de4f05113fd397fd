import { promptScript, type Script, write } from './script.ts';

const HAIKU = 'A task leaves the cloud,\nfinds a quiet host to run,\nand streams its way home.\n';

/** What the demo's model does: it writes a haiku, then says so. A prompt with directives of its own is followed instead. */
export const demoScript: Script = (prompt, step) => {
  if (/^@\w+/m.test(prompt)) return promptScript(prompt, step);
  if (step === 0) return write('haiku.txt', HAIKU, 'I will write the haiku into haiku.txt.');
  return { kind: 'answer', text: 'Done: haiku.txt holds a haiku about a task on its way.' };
};
