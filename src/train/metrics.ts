// What evaluations measured, under the names that results have.

import type { Metric } from '../nn/learner.ts'

/** `{ testMse: 0.0154 }`: a family's metrics by their names in results; null where nothing was measured. */
export function testResults(
  metrics: readonly Metric[],
  values: Readonly<Record<string, number>> | null,
): Record<string, number | null> {
  return Object.fromEntries(
    metrics.map(({ name }) => [`test${name[0].toUpperCase()}${name.slice(1)}`, values?.[name] ?? null]),
  )
}
