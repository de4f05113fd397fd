import { serverSettingsSchema } from '../shared/settings.ts';

/** The classes of `worker/`, each with the binding under which the Worker finds it; the same as in `wrangler.toml`. */
export const OBJECT_CLASSES = { SCHEDULER: 'SchedulerDO', HOST: 'HostDO', LOG: 'LogDO', ACCESS: 'AccessDO' } as const;

/** What the Worker reads as text; workerd takes each from its own environment, so that no secret stands in a file. */
export const ENVIRONMENT_BINDINGS = [...Object.keys(serverSettingsSchema.shape), 'JWT_SECRET', 'JWT_SECRET_PREVIOUS'];

/** Names in the configuration that workerd's command line refers to. */
export const SOCKET_NAME = 'http';
export const DISK_NAME = 'objects';
export const WORKER_FILE = 'worker.js';

/** The directory of an object's data is named after its class's key: changing it would orphan the data. */
function uniqueKey(className: string): string {
  return `agent-gateway-${className}`;
}

/** workerd's configuration, in Cap'n Proto text: one Worker on one socket, its objects' data on disk. */
export function workerdConfig(
  compatibilityDate: string,
  objectClasses: Readonly<Record<string, string>> = OBJECT_CLASSES,
): string {
  const classes = Object.values(objectClasses);
  const namespaces = classes.map(
    (name) => `(className = "${name}", uniqueKey = "${uniqueKey(name)}", enableSql = true)`,
  );
  const bindings = [
    ...Object.entries(objectClasses).map(([name, cls]) => `(name = "${name}", durableObjectNamespace = "${cls}")`),
    ...ENVIRONMENT_BINDINGS.map((name) => `(name = "${name}", fromEnvironment = "${name}")`),
  ];
  return `using Workerd = import "/workerd/workerd.capnp";

const config :Workerd.Config = (
  services = [(name = "main", worker = .main), (name = "${DISK_NAME}", disk = (writable = true))],
  sockets = [(name = "${SOCKET_NAME}", service = "main", http = ())],
);

const main :Workerd.Worker = (
  modules = [(name = "${WORKER_FILE}", esModule = embed "${WORKER_FILE}")],
  compatibilityDate = "${compatibilityDate}",
  durableObjectNamespaces = [
    ${namespaces.join(',\n    ')}
  ],
  durableObjectStorage = (localDisk = "${DISK_NAME}"),
  bindings = [
    ${bindings.join(',\n    ')}
  ],
);
`;
}
