import { readdirSync, readFileSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The checkout. */
export const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** Made by tools or foreign: not the project's own text. */
const NOT_OURS = new Set(['node_modules', '.git', 'dist', '.wrangler', 'coverage', 'fixtures']);

/** Every file of the project, as a path from its root with "/", sorted. */
export function projectFiles(): string[] {
  const found: string[] = [];
  const visit = (directory: string): void => {
    for (const entry of readdirSync(directory, { withFileTypes: true })) {
      if (NOT_OURS.has(entry.name)) continue;
      const path = join(directory, entry.name);
      if (entry.isDirectory()) visit(path);
      else if (entry.isFile()) found.push(relative(ROOT, path).split(sep).join('/'));
    }
  };
  visit(ROOT);
  return found.sort();
}

export function readProjectFile(path: string): string {
  return readFileSync(join(ROOT, path), 'utf8');
}

const STRING_OR_COMMENT = /("(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|`(?:\\.|[^`\\])*`)|\/\/[^\n]*|\/\*[\s\S]*?\*\//g;

function lineBreaks(text: string): string {
  return text.replace(/[^\n]/g, '');
}

/** The code without its comments and templates; other strings stay, and so do line breaks. */
function withoutComments(source: string): string {
  return source.replace(STRING_OR_COMMENT, (match, text?: string) =>
    text === undefined || text.startsWith('`') ? lineBreaks(match) : text,
  );
}

/** The code without comments and without the contents of strings. */
export function withoutText(source: string): string {
  return source.replace(STRING_OR_COMMENT, (match, text?: string) =>
    text === undefined ? lineBreaks(match) : `''${lineBreaks(text)}`,
  );
}

export interface Import {
  specifier: string;
  /** Erased when the code runs. */
  typeOnly: boolean;
}

const IMPORT_PATTERNS = [
  /\b(?:import|export)\s+(?<type>type\s+)?(?:[\w$*\s{},]+?)\s+from\s*['"](?<specifier>[^'"]+)['"]/g,
  /\bimport\s*['"](?<specifier>[^'"]+)['"]/g,
  /\b(?:import|require)\(\s*['"](?<specifier>[^'"]+)['"]/g,
];

/** What a file imports or exports from elsewhere, dynamic imports included. */
export function importsOf(source: string): Import[] {
  const code = withoutComments(source);
  return IMPORT_PATTERNS.flatMap((pattern) =>
    [...code.matchAll(pattern)].map(({ groups }) => ({
      specifier: groups?.specifier ?? '',
      typeOnly: groups?.type !== undefined,
    })),
  );
}
