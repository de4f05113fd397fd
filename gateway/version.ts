import { readFileSync } from 'node:fs';
import { z } from 'zod';

const manifestSchema = z.object({ name: z.literal('agent-gateway'), version: z.string() });

/** `package.json` seen from the checkout (`gateway/`) and from the package (`dist/gateway/`). */
const PLACES = ['../package.json', '../../package.json'];

/** The package's version. */
export function packageVersion(): string {
  for (const place of PLACES) {
    try {
      const text = readFileSync(new URL(place, import.meta.url), 'utf8');
      const manifest = manifestSchema.safeParse(JSON.parse(text));
      if (manifest.success) return manifest.data.version;
    } catch {
      // Not here: the next place.
    }
  }
  return '0.0.0';
}
