/** A setting that cannot be used. `message` names the setting, where it came from and what to do: one line for a person. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}
