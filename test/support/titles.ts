/** Titles of tests, read from their source. */

const TITLE_WITH_RULE = /(['"`])((?:\\.|(?!\1)[^\\\n])*\[[LRC]\d+\](?:\\.|(?!\1)[^\\\n])*)\1/g;
const RULE_ID = /\[([LRC]\d+)\]/g;

export interface RuledTitle {
  title: string;
  /** IDs of the rules that it says it proves. */
  rules: string[];
}

/** Every title in a test's source that bears the ID of a rule, templates of `test.each` included. */
export function ruledTitles(source: string): RuledTitle[] {
  return [...source.matchAll(TITLE_WITH_RULE)].map(([, , title = '']) => ({
    title,
    rules: [...title.matchAll(RULE_ID)].map(([, rule]) => rule ?? ''),
  }));
}
