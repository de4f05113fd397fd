import { ERROR_STATUS, type ErrorCode } from '../../../shared/errors.ts';
import { OPERATIONS, type Operation, type Reply } from './operations.ts';
import { fieldsOf, namedSchemas, refTo } from './schemas.ts';

/** Of the HTTP API, not of the software: it tells strangers nothing about what there is to attack. */
const API_VERSION = '1';
const JSON_TYPE = 'application/json';

/** The API as an OpenAPI 3.1 document, made of the schemas that judge requests. */
export function openApiDocument(): object {
  const paths: Record<string, Record<string, object>> = {};
  for (const [route, operation] of Object.entries(OPERATIONS)) {
    const [method = '', path = ''] = route.split(' ');
    const name = path.replaceAll(/:(\w+)/g, '{$1}');
    paths[name] = { ...paths[name], [method.toLowerCase()]: describe(path, operation) };
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Agent Gateway',
      version: API_VERSION,
      description:
        'Hand work to coding agents on your own machines. Times are integer milliseconds since the epoch. Sizes are judged in bytes of UTF-8, a maxLength counts characters.',
    },
    servers: [{ url: '/' }],
    paths,
    components: {
      schemas: namedSchemas(),
      securitySchemes: { bearer: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' } },
    },
  };
}

function describe(path: string, operation: Operation): object {
  const { id, does, roles, body } = operation;
  return {
    summary: does,
    operationId: id,
    // The names of roles stand where other schemes have scopes.
    security: roles === undefined ? [] : [{ bearer: roles }],
    parameters: parametersOf(path, operation),
    ...(body === undefined
      ? {}
      : {
          requestBody: { required: body.required, content: { [JSON_TYPE]: { schema: { $ref: refTo(body.schema) } } } },
        }),
    responses: { ...successes(operation), ...failures(operation) },
  };
}

function parametersOf(path: string, { query, headers }: Operation): object[] {
  const ofPath = [...path.matchAll(/:(\w+)/g)].map(([, name]) => ({
    name,
    in: 'path',
    required: true,
    schema: { type: 'string' },
  }));
  const ofQuery = query === undefined ? [] : fieldsOf(query).map((field) => ({ ...field, in: 'query' }));
  const ofHeaders = headers === undefined ? [] : fieldsOf(headers).map((field) => ({ ...field, in: 'header' }));
  return [...ofPath, ...ofQuery, ...ofHeaders];
}

function successes({ replies }: Operation): Record<string, object> {
  const contentOf = ({ schema, type }: Reply) => ({
    ...(schema === undefined ? {} : { [JSON_TYPE]: { schema: { $ref: refTo(schema) } } }),
    ...(type === undefined ? {} : { [type]: { schema: type === JSON_TYPE ? { type: 'object' } : { type: 'string' } } }),
  });
  return Object.fromEntries(
    Object.entries(replies).map(([status, reply]) => {
      const content = contentOf(reply);
      const described = { description: reply.says, ...headersOf(reply.headers) };
      return [status, Object.keys(content).length === 0 ? described : { ...described, content }];
    }),
  );
}

/** By status, each with the codes that it can have. */
function failures(operation: Operation): Record<string, object> {
  const codes = new Set<ErrorCode>([...usualErrors(operation), ...(operation.errors ?? [])]);
  const byStatus = new Map<number, ErrorCode[]>();
  for (const code of codes) byStatus.set(ERROR_STATUS[code], [...(byStatus.get(ERROR_STATUS[code]) ?? []), code]);
  const content = { [JSON_TYPE]: { schema: { $ref: refTo('Error') } } };
  return Object.fromEntries(
    [...byStatus].map(([status, of]) => {
      const headers = status === ERROR_STATUS.rate_limited ? headersOf({ 'Retry-After': 'seconds to wait' }) : {};
      return [status, { description: of.join(', '), ...headers, content }];
    }),
  );
}

function headersOf(headers: Readonly<Record<string, string>> = {}): { headers?: object } {
  const described = Object.entries(headers).map(([name, description]) => [
    name,
    { description, schema: { type: 'string' } },
  ]);
  return described.length === 0 ? {} : { headers: Object.fromEntries(described) };
}

function usualErrors({ roles, body, query }: Operation): ErrorCode[] {
  return [
    ...(body === undefined ? [] : (['malformed_json', 'limit_exceeded'] as const)),
    ...(body === undefined && query === undefined ? [] : (['invalid_request'] as const)),
    ...(roles === undefined ? [] : (['unauthorized', 'forbidden', 'rate_limited'] as const)),
    'internal',
    'not_ready',
  ];
}
