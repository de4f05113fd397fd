/** What a task may need of a host beyond version 1 of the protocol, by the names that `register.features` announces. */
export const FEATURES = [
  /** `idleTimeout` is kept. */
  'idle_timeout',
] as const;
export type Feature = (typeof FEATURES)[number];

/** The features without which a host would run the task other than it asks. */
export function neededFeatures(task: { idleTimeout?: number | undefined }): Feature[] {
  return task.idleTimeout === undefined ? [] : ['idle_timeout'];
}
