import { ERROR_STATUS, type ErrorBody, type ErrorCode } from '../../shared/errors.ts';
import type { RpcError } from '../rpc.ts';

/** Thrown anywhere below a route, answered in the one error format. `details` names fields or limits, never a stack. */
export class HttpError extends Error {
  override readonly name = 'HttpError';
  readonly code: ErrorCode;
  readonly details: Record<string, unknown> | undefined;
  readonly headers: Record<string, string>;

  constructor(
    code: ErrorCode,
    message: string,
    options: { details?: Record<string, unknown>; headers?: Record<string, string> } = {},
  ) {
    super(message);
    this.code = code;
    this.details = options.details;
    this.headers = options.headers ?? {};
  }
}

/** An error as the API answers it. */
export function errorResponse(error: HttpError): Response {
  const body: ErrorBody = {
    error: {
      code: error.code,
      message: error.message,
      ...(error.details === undefined ? {} : { details: error.details }),
    },
  };
  const status = ERROR_STATUS[error.code];
  const wait: Record<string, string> = status === 429 ? { 'retry-after': RETRY_LATER_SECONDS } : {};
  return Response.json(body, { status, headers: { ...wait, ...error.headers } });
}

/** Seconds after which a client may try an unready or overloaded server again. */
const RETRY_AFTER_SECONDS = '1';
/** The same where something has to come free first. */
const RETRY_LATER_SECONDS = '10';

export function notReady(message: string): HttpError {
  return new HttpError('not_ready', message, { headers: { 'retry-after': RETRY_AFTER_SECONDS } });
}

/** What an object has refused. */
export function refusalOf({ code, message, limit }: RpcError): HttpError {
  return new HttpError(code, message, limit === undefined ? {} : { details: { limit } });
}

/** 429: names the limit, and when to come again. */
export function tooMany(code: ErrorCode, limit: string, message: string, waitMs: number): HttpError {
  const seconds = Math.max(1, Math.ceil(waitMs / 1000));
  return new HttpError(code, `${message} (${limit})`, {
    details: { limit },
    headers: { 'retry-after': String(seconds) },
  });
}

export function notFound(what: string): HttpError {
  return new HttpError('not_found', `${what} not found`);
}

/** What the platform marks on an exception of a call to an object. */
export function isMarked(error: unknown, mark: 'retryable' | 'overloaded'): boolean {
  return error instanceof Error && Reflect.get(error, mark) === true;
}

/** The answer to whatever a route threw; `null` for what nobody foresaw, which the caller logs. */
export function foreseen(error: unknown): HttpError | null {
  if (error instanceof HttpError) return error;
  if (isMarked(error, 'overloaded') || isMarked(error, 'retryable')) {
    return notReady('the server is busy or restarting; try again');
  }
  return null;
}
