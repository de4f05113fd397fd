import { z } from 'zod';

/** Ids of pools and hosts, alike in tokens, URLs and `register`. */
export const ID_PATTERN = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;
export const ID_RULE = 'must be 1 to 64 letters, digits, ".", "_" or "-", and begin with a letter or digit';

export const poolIdSchema = z.string().regex(ID_PATTERN, ID_RULE);
export const hostIdSchema = z.string().regex(ID_PATTERN, ID_RULE);

/** Task ids are made by the server; a gateway must not rely on their form beyond a file name's safety. */
export const TASK_ID_PATTERN = /^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/;
export const taskIdSchema = z.string().regex(TASK_ID_PATTERN, 'is not a task id');

export const DEFAULT_POOL = 'default';
