import { DurableObject } from 'cloudflare:workers';

/** The other floor of `npm run bench:attack`: refuses everything but a POST, whose body becomes one row of one object. */

interface Env {
  TASKS: DurableObjectNamespace<TasksDO>;
}

export class TasksDO extends DurableObject<Env> {
  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    ctx.storage.sql.exec('CREATE TABLE IF NOT EXISTS task (id TEXT PRIMARY KEY, body TEXT)');
  }

  create(body: string): string {
    const id = crypto.randomUUID();
    this.ctx.storage.sql.exec('INSERT INTO task VALUES (?, ?)', id, body);
    return id;
  }
}

export default {
  async fetch(request, env): Promise<Response> {
    if (request.method === 'POST') {
      const id = await env.TASKS.getByName('only').create(await request.text());
      return Response.json({ id }, { status: 201 });
    }
    return Response.json({ error: { code: 'unauthorized', message: 'no' } }, { status: 401 });
  },
} satisfies ExportedHandler<Env>;
