// The few comparisons that the suite needs, without Vitest, for they also run in a page.

type List = ArrayLike<unknown>

export function truthy(value: boolean, message: string) {
  if (!value) throw new Error(message)
}

/** The same values in the same order; NaN equals NaN, −0 is not 0. */
export function equal(actual: List, expected: List) {
  const same =
    actual.length === expected.length && Array.from(actual).every((value, i) => Object.is(value, expected[i]))
  truthy(same, `[${Array.from(actual)}] is not [${Array.from(expected)}]`)
}

/** |actual − expected| ≤ tolerance · max(1, |expected|), value by value. */
export function near(actual: ArrayLike<number>, expected: ArrayLike<number>, tolerance: number) {
  truthy(actual.length === expected.length, `${actual.length} values, not ${expected.length}`)
  for (let i = 0; i < expected.length; i++) {
    const off = Math.abs(actual[i] - expected[i])
    truthy(
      off <= tolerance * Math.max(1, Math.abs(expected[i])),
      `value ${i} is ${actual[i]}, not ${expected[i]}`,
    )
  }
}

/** The promise fails, and its message has all these parts. */
export async function rejects(promise: Promise<unknown>, ...parts: string[]) {
  let message: string | undefined
  await promise.catch(error => {
    message = String(error.message)
  })
  if (message === undefined) throw new Error(`this should have failed with: ${parts.join(' … ')}`)
  for (const part of parts) truthy(message.includes(part), `the error “${message}” does not say “${part}”`)
}
