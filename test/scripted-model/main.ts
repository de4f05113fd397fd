/**
 * The scripted model as a program: `node main.ts <home>`. Prints one line of JSON, the environment in which OpenCode works
 * against it with all its data in `home`, and stays until it is ended or its stdin is closed.
 */
import { demoScript } from './demo-script.ts';
import { openCodeEnv } from './opencode-env.ts';
import { startScriptedModel } from './server.ts';

const model = await startScriptedModel({ script: demoScript });
console.log(JSON.stringify(openCodeEnv(model.url, process.argv[2] ?? '')));
process.stdin.on('end', () => process.exit(0)).resume();
