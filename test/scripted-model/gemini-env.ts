import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** One that Gemini CLI knows: for one that it picks itself it asks a model first. */
export const GEMINI_MODEL = 'gemini-2.5-flash';

/**
 * Environment in which Gemini CLI works against the scripted model at `origin` alone, with `home` for all its data; writes its
 * settings there.
 */
export function geminiEnv(origin: string, home: string): Record<string, string> {
  const settings = {
    security: { auth: { selectedType: 'gemini-api-key' } },
    general: { enableAutoUpdate: false, maxAttempts: 2 },
    privacy: { usageStatisticsEnabled: false },
    telemetry: { enabled: false },
  };
  mkdirSync(join(home, '.gemini'), { recursive: true });
  writeFileSync(join(home, '.gemini', 'settings.json'), JSON.stringify(settings));
  return { HOME: home, GOOGLE_GEMINI_BASE_URL: origin, GEMINI_API_KEY: 'unused' };
}
