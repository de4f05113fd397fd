import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { MODEL } from './server.ts';

/**
 * Environment in which Codex works against the scripted model at `url` alone, with `home` for all its data; writes its
 * configuration there.
 */
export function codexEnv(url: string, home: string): Record<string, string> {
  const config = `
model = "${MODEL}"
model_provider = "scripted"
model_reasoning_summary = "detailed"
check_for_update_on_startup = false

[analytics]
enabled = false

[model_providers.scripted]
name = "scripted"
base_url = "${url}"
env_key = "OPENAI_API_KEY"
wire_api = "responses"
request_max_retries = 1
stream_max_retries = 1
`;
  mkdirSync(join(home, '.codex'), { recursive: true });
  writeFileSync(join(home, '.codex', 'config.toml'), config);
  return { HOME: home, OPENAI_API_KEY: 'unused' };
}
