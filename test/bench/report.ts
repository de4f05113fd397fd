import type { Figures } from './measure.ts';

/** What is reported, in order. `better`: which way is good, and so which way the ratio reads. */
const ROWS: readonly { key: keyof Figures; title: string; unit: string; better: 'lower' | 'higher' }[] = [
  { key: 'dispatchP50', title: 'POST → task:execute, p50', unit: 'ms', better: 'lower' },
  { key: 'dispatchP99', title: 'POST → task:execute, p99', unit: 'ms', better: 'lower' },
  { key: 'lifecyclesPerSecond', title: 'whole task life cycles', unit: '/s', better: 'higher' },
  { key: 'eventsPerSecond', title: 'events host → watcher', unit: '/s', better: 'higher' },
  { key: 'eventDelayP50', title: 'event host → watcher, p50', unit: 'ms', better: 'lower' },
];

/** How many times worse than the floor: 1 is as good, 2 takes twice as long or does half as much. */
export function ratios(product: Figures, floor: Figures): Figures {
  const ratio = (key: keyof Figures, better: 'lower' | 'higher') =>
    better === 'lower' ? product[key] / floor[key] : floor[key] / product[key];
  const entries = ROWS.map(({ key, better }) => [key, ratio(key, better)] as const);
  const all = Object.fromEntries(entries);
  return {
    dispatchP50: all.dispatchP50 ?? Number.NaN,
    dispatchP99: all.dispatchP99 ?? Number.NaN,
    lifecyclesPerSecond: all.lifecyclesPerSecond ?? Number.NaN,
    eventsPerSecond: all.eventsPerSecond ?? Number.NaN,
    eventDelayP50: all.eventDelayP50 ?? Number.NaN,
  };
}

/** Holds for times and for rates alike. */
const LEGEND = '× floor: 1 is as fast as the floor; larger is slower';

function cell(value: number, unit: string): string {
  const text = unit === 'ms' ? value.toFixed(2) : Math.round(value).toLocaleString('en');
  return `${text} ${unit}`.padStart(16);
}

/** The figures as a table for a terminal. */
export function table(product: Figures, floor: Figures): string {
  const ratio = ratios(product, floor);
  const head = `${''.padEnd(28)}${'agent-gateway'.padStart(16)}${'bare objects'.padStart(16)}${'× floor'.padStart(10)}`;
  const rows = ROWS.map(
    ({ key, title, unit }) =>
      `${title.padEnd(28)}${cell(product[key], unit)}${cell(floor[key], unit)}${ratio[key].toFixed(2).padStart(10)}`,
  );
  return [head, ...rows, LEGEND].join('\n');
}
