// Every operator's value and gradient, and the gradient's gradient, against the float64 reference.

import { describe, it } from 'vitest'
import { elementwise, reductions } from './cases/elementwise.ts'
import { images, products } from './cases/products.ts'
import { compositions, normalisations, shapes } from './cases/shape.ts'
import { type Case, type CaseOptions, checkCase, gradientOf } from './harness.ts'

const tables: Record<string, Case[]> = {
  'element-wise operators': elementwise,
  reductions,
  'matrix products': products,
  'operators on images': images,
  'operators that move values': shapes,
  normalisations,
  compositions,
}

for (const [title, cases] of Object.entries(tables))
  describe(title, () => {
    const rows = (wanted: (options: CaseOptions) => boolean) =>
      cases.filter(([, , , options = {}]) => wanted(options)).map(sample => [sample[0], sample] as const)

    it.each(
      cases.map(sample => [sample[0], sample] as const),
    )('%s: value and gradient are right', async (_, sample) => {
      await checkCase(sample)
    })
    it.each(rows(({ batch }) => !!batch))('%s: so they are with a symbolic batch', async (_, sample) => {
      await checkCase(sample, sample[3]!.batch)
    })
    it.each(
      rows(({ twice }) => twice !== false),
    )('%s: the gradient can be differentiated again', async (_, sample) => {
      await checkCase(gradientOf(sample))
    })
  })
