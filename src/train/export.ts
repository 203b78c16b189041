// A run as plain ONNX models, for programs that know nothing of Coppice.

import { exportClassifier } from '../families/classifier/export.ts'
import { textImageFiles } from '../families/text-image/export.ts'
import { VERSION } from '../version.ts'
import { exportDdn } from './export-ddn.ts'
import { families, type ModelName } from './families.ts'
import type { AnyRun, Run } from './train.ts'

/** Files by their names. */
export type ExportedFiles = Map<string, Uint8Array | string>

const exporters: { readonly [M in ModelName]: (run: Run<M>, name: string) => ExportedFiles } = {
  ddn: exportDdn,
  classifier: run => exportClassifier(run.model, aboutOf(run)),
  'text-image': run => textImageFiles(run.model, aboutOf(run)),
}

/**
 * The files of an export. Of a DDN `decoder.onnx`, `encoder.onnx`, `train-step.onnx`, what they need, and how to use
 * them; of a classifier or a text-image model its ONNX files, and the JSON file that makes it the judge of a guide.
 */
export function exportFiles(run: AnyRun, name: string): ExportedFiles {
  return (exporters[run.family] as (run: AnyRun, name: string) => ExportedFiles)(run, name)
}

/** How a model was made and how good it is, in a sentence. */
function aboutOf<M extends ModelName>({ family, config, step, images, metrics }: Run<M>): string {
  const part = config.part === 'all' ? '' : ` (the ${config.part} half of its training images)`
  const measured = families[family].metrics
    .filter(({ name }) => metrics?.[name] !== undefined)
    .map(({ name, title }) => `${title} ${Number(metrics![name].toFixed(5))}`)
  const test = measured.length ? `; on test images: ${measured.join(', ')}` : ''
  return `Trained by Coppice ${VERSION} for ${step} steps (${images} images) on ${config.data}${part}, seed ${config.seed}${test}.`
}
