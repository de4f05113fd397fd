import { Validator } from '@seriousme/openapi-schema-validator';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { createTaskSchema } from '../../../../../shared/api/tasks.ts';
import { ERROR_STATUS } from '../../../../../shared/errors.ts';
import { taskSchema } from '../../../../../shared/task.ts';
import { openApiDocument } from '../../../../../worker/http/openapi/document.ts';
import { OPERATIONS } from '../../../../../worker/http/openapi/operations.ts';

const operationSchema = z.looseObject({
  operationId: z.string(),
  security: z.array(z.object({ bearer: z.array(z.string()) })),
  parameters: z.array(
    z.object({ name: z.string(), required: z.boolean(), in: z.enum(['path', 'query', 'header']), schema: z.unknown() }),
  ),
  responses: z.record(z.string(), z.object({ description: z.string() })),
});
const objectSchema = z.looseObject({ properties: z.record(z.string(), z.unknown()), required: z.array(z.string()) });
const documentSchema = z.object({
  paths: z.record(z.string(), z.record(z.string(), operationSchema)),
  components: z.object({ schemas: z.record(z.string(), z.unknown()) }),
});

const text = JSON.stringify(openApiDocument());
const document = documentSchema.parse(JSON.parse(text));

describe('[R33] the OpenAPI document', () => {
  it('is valid by the schema of OpenAPI 3.1', async () => {
    const validator = new Validator();
    const { valid, errors } = await validator.validate(JSON.parse(text));
    expect(errors).toBeUndefined();
    expect(valid).toBe(true);
    expect(validator.version).toBe('3.1');
  });

  it('refers to nothing that is not in it, and has nothing to which nobody refers', () => {
    const refs = [...text.matchAll(/"\$ref":"([^"]*)"/g)].map(([, ref]) => ref);
    const places = Object.keys(document.components.schemas).map((name) => `#/components/schemas/${name}`);
    expect([...new Set(refs)].sort()).toEqual(places.sort());
  });

  it('calls every operation by a name of its own', () => {
    const ids = Object.values(document.paths).flatMap((path) => Object.values(path).map((each) => each.operationId));
    expect(ids).toHaveLength(Object.keys(OPERATIONS).length);
    expect(new Set(ids).size).toBe(ids.length);
  });

  it('has every field of a task, given and answered', () => {
    const { CreateTask, Task } = document.components.schemas;
    expect(Object.keys(objectSchema.parse(CreateTask).properties)).toEqual(Object.keys(createTaskSchema.shape));
    expect(objectSchema.parse(CreateTask).required).toEqual(['prompt']);
    expect(objectSchema.parse(CreateTask).additionalProperties).toBe(false);
    expect(Object.keys(objectSchema.parse(Task).properties)).toEqual(Object.keys(taskSchema.shape));
    // A later server may answer more.
    expect(objectSchema.parse(Task)).not.toHaveProperty('additionalProperties');
  });

  it('says where ids, numbers and keys go, who may call, and how it can fail', () => {
    const list = document.paths['/api/tasks']?.get;
    expect(list?.parameters).toContainEqual(
      expect.objectContaining({ name: 'limit', in: 'query', schema: expect.objectContaining({ type: 'integer' }) }),
    );
    expect(list?.security).toEqual([{ bearer: ['client', 'admin'] }]);
    const create = document.paths['/api/tasks']?.post;
    expect(create?.parameters.map(({ name }) => name)).toEqual(['Idempotency-Key']);
    expect(create?.responses['409']?.description).toContain('idempotency_conflict');
    const decide = document.paths['/api/tasks/{id}/approvals/{approvalId}']?.post;
    expect(decide?.parameters.map(({ name, in: place }) => [name, place])).toEqual([
      ['id', 'path'],
      ['approvalId', 'path'],
    ]);
    expect(document.paths['/healthz']?.get?.security).toEqual([]);
    expect(document.paths['/agent/ws']?.get?.parameters).toMatchObject([
      { name: 'hostId', in: 'query', required: true },
    ]);
    expect(create?.parameters).toMatchObject([{ required: false, schema: { type: 'string', maxLength: 128 } }]);
    for (const code of Object.keys(ERROR_STATUS))
      expect(JSON.stringify(document.components.schemas.Error)).toContain(`"${code}"`);
  });
});
