import type { Env } from '../../worker/env.ts';
import * as product from '../../worker/index-workerd.ts';

/** The Worker as it is on workerd, but each of its objects says on a line of its own that it was constructed, and under which name. */
export default product.default;

function tell({ id }: DurableObjectState): void {
  console.log(`constructed ${id.name}`);
}

export class SchedulerDO extends product.SchedulerDO {
  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    tell(ctx);
  }
}

export class HostDO extends product.HostDO {
  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    tell(ctx);
  }
}

export class LogDO extends product.LogDO {
  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    tell(ctx);
  }
}

/** By a name of its own: the scheduler has the pool's too. */
export class AccessDO extends product.AccessDO {
  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    console.log(`constructed ${ctx.id.name}/access`);
  }
}
