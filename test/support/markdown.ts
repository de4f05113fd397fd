/** As much of Markdown as the project's own documents use. */

/** Text of each section whose heading has this level, by heading; it ends at the next heading, whatever its level. */
export function sections(markdown: string, level: number): Map<string, string> {
  const found = new Map<string, string>();
  let current: string | null = null;
  for (const line of withoutFences(markdown).split('\n')) {
    const heading = /^(#+) (.*)$/.exec(line);
    if (heading !== null) current = heading[1]?.length === level ? (heading[2] ?? '') : null;
    else if (current !== null) found.set(current, `${found.get(current) ?? ''}${line}\n`);
  }
  return found;
}

/** The cells of every table row, without headers. */
export function table(markdown: string): string[][] {
  const lines = markdown.split('\n');
  return lines
    .filter((line, index) => line.startsWith('| ') && !lines[index + 1]?.startsWith('|--'))
    .map((line) =>
      line
        .split('|')
        .slice(1, -1)
        .map((cell) => cell.trim()),
    );
}

/** What stands between backticks. */
export function codeSpans(markdown: string): string[] {
  return [...withoutFences(markdown).matchAll(/`([^`\n]+)`/g)].map(([, code]) => code ?? '');
}

/** Anchors of the headings, as GitHub makes them. */
export function headings(markdown: string): string[] {
  return [...withoutFences(markdown).matchAll(/^#+ (.*)$/gm)].map(([, text = '']) =>
    text
      .toLowerCase()
      .replace(/[^\w\- ]/g, '')
      .replaceAll(' ', '-'),
  );
}

export interface Link {
  /** Path relative to the document; empty for the document itself. */
  target: string;
  anchor: string;
}

/** Links to other documents and within one; addresses are left out. */
export function linksOf(markdown: string): Link[] {
  return [...withoutFences(markdown).matchAll(/\]\(([^)#\s]*)(?:#([^)\s]*))?\)/g)]
    .map(([, target = '', anchor = '']) => ({ target, anchor }))
    .filter(({ target }) => !/^[a-z]+:/.test(target));
}

function withoutFences(markdown: string): string {
  return markdown.replace(/^```[\s\S]*?^```$/gm, '');
}
