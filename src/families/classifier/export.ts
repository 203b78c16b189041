// A classifier as a plain ONNX model, with the file that makes it the judge of a guide.

import { standardOperators } from '../../graph/standard.ts'
import { writeProgram } from '../../runtime/index.ts'
import type { Classifier } from './model.ts'
import { classifierInference } from './network.ts'

/**
 * `classifier.onnx`, images [N, c, s, s] in [−1, 1] to logits [N, classes], standard operators only; and
 * `classifier.json`, in the format of judges.
 *
 * @param about  for people: how it was made, and how good it is
 */
export function exportClassifier(
  { config, layout, weights, classes }: Classifier,
  about: string,
): Map<string, Uint8Array | string> {
  const { outputs, state } = classifierInference(config, layout, { batch: 'N', values: weights })
  const judge = {
    format: 'coppice-judge-1',
    model: 'classifier.onnx',
    input: {
      name: 'images',
      size: config.size,
      channels: config.channels,
      layout: 'NCHW',
      order: 'RGB',
      range: [-1, 1],
    },
    output: { name: 'logits', read: 'logits', classes },
    about,
  }
  return new Map<string, Uint8Array | string>([
    ['classifier.onnx', standardOperators(writeProgram({ outputs: { logits: outputs.logits }, state }))],
    ['classifier.json', `${JSON.stringify(judge, null, 2)}\n`],
  ])
}
