const RETIRED_KEY = 'retired';

/** Whether the object's logs have gone past retention. */
export function isRetired(storage: DurableObjectStorage): boolean {
  return storage.kv.get(RETIRED_KEY) === true;
}

/** Deletes everything and leaves one small mark, so that a late reader is told "expired" rather than "empty". */
export async function retireStorage(storage: DurableObjectStorage): Promise<void> {
  await storage.deleteAll();
  storage.kv.put(RETIRED_KEY, true);
}
