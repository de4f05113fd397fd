import { MODEL, TITLE_MODEL } from './server.ts';

/** Nothing listens there: OpenCode's own look-ups in package registries end at once. */
const NOWHERE = 'http://127.0.0.1:9';

/**
 * Environment in which OpenCode works against the scripted model at `modelUrl` alone, with `home` for all its data. `PATH` is
 * the caller's to add.
 */
export function openCodeEnv(modelUrl: string, home: string): Record<string, string> {
  const entry = { limit: { context: 128_000, output: 8192 }, tool_call: true, reasoning: true };
  const config = {
    autoupdate: false,
    share: 'disabled',
    model: `scripted/${MODEL}`,
    small_model: `scripted/${TITLE_MODEL}`,
    enabled_providers: ['scripted'],
    provider: {
      scripted: {
        npm: '@ai-sdk/openai-compatible',
        options: { baseURL: modelUrl, apiKey: 'unused' },
        models: { [MODEL]: entry, [TITLE_MODEL]: { ...entry, reasoning: false } },
      },
    },
  };
  return {
    HOME: home,
    XDG_CONFIG_HOME: `${home}/config`,
    XDG_DATA_HOME: `${home}/data`,
    XDG_CACHE_HOME: `${home}/cache`,
    XDG_STATE_HOME: `${home}/state`,
    OPENCODE_CONFIG_CONTENT: JSON.stringify(config),
    OPENCODE_DISABLE_MODELS_FETCH: '1',
    OPENCODE_DISABLE_AUTOUPDATE: '1',
    OPENCODE_DISABLE_LSP_DOWNLOAD: '1',
    OPENCODE_PURE: '1',
    npm_config_registry: NOWHERE,
    npm_config_fetch_retries: '0',
  };
}
