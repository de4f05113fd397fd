import { z } from 'zod';

/** up · version 1: every `heartbeatInterval`, and in answer to each `ping`. */
export const heartbeatSchema = z.object({ type: z.literal('heartbeat'), timestamp: z.number().optional() });

/** Version 2's heartbeat is this exact text: the runtime answers it by itself and wakes nothing. */
export const HEARTBEAT_REQUEST = '{"type":"heartbeat"}';
/** The runtime's answer to `HEARTBEAT_REQUEST`, exactly. */
export const HEARTBEAT_RESPONSE = '{"type":"heartbeat:ok"}';

/** down · version 2: answer to a heartbeat. */
export const heartbeatOkSchema = z.object({ type: z.literal('heartbeat:ok') });

/** down · asks for a sign of life: version 1 regularly, version 2 only when the host is suspect. */
export const pingSchema = z.object({ type: z.literal('ping') });
