import { ansiColorFormatter, configureSync, getJsonLinesFormatter, getLogger, type Logger } from '@logtape/logtape';

const CATEGORY = 'agent-gateway';

/**
 * The daemon's log. Messages hold `{placeholders}`; their values are fields of their own in the JSON form, where one
 * named `message`, `level`, `logger` or `timestamp` would take the place of the line's.
 */
export const log: Logger = getLogger(CATEGORY);

const HIDDEN = '[token]';
/** What never gets through, wherever in a line it stands. */
const hidden = new Set<string>();

/** From here on `secret` is not shown either. */
export function hideInLog(secret: string): void {
  hidden.add(secret);
}

/**
 * Sends the log to stderr: for people when that is a terminal, else one JSON object a line. `secret` is hidden
 * in it.
 */
export function startLogging(secret: string): void {
  hideInLog(secret);
  const format = process.stderr.isTTY ? ansiColorFormatter : getJsonLinesFormatter({ properties: 'flatten' });
  // A reader of the log that went away must not end the daemon.
  process.stderr.on('error', () => {});
  configureSync({
    sinks: {
      stderr: (record) => {
        let line = format(record);
        for (const secret of hidden) line = line.replaceAll(secret, HIDDEN);
        process.stderr.write(line);
      },
    },
    loggers: [
      { category: CATEGORY, lowestLevel: 'info', sinks: ['stderr'] },
      { category: ['logtape', 'meta'], lowestLevel: 'warning', sinks: ['stderr'] },
    ],
  });
}
