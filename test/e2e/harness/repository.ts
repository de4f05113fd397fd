import { fileURLToPath } from 'node:url';

/** The root of the checkout. */
export const REPOSITORY = fileURLToPath(new URL('../../..', import.meta.url));
