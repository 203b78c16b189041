// A text-image model as files that need nothing of Coppice, and that guides take as a judge.

import { standardOperators } from '../../graph/standard.ts'
import { writeProgram } from '../../runtime/index.ts'
import type { TextImageModel } from './model.ts'
import { imageProgram, textProgram } from './network.ts'

/**
 * `text-image.onnx`: `images` [N, c, s, s] in [−1, 1] → `embeddings` [N, D] of unit norm; `text-encoder.onnx`: `tokens`
 * [N, W, T] int32 → `embeddings` [N, D]; `text-image.json`: how to use both, with the tokenizer.
 *
 * @param about  for people: where the model comes from
 */
export function textImageFiles(model: TextImageModel, about: string): Map<string, Uint8Array | string> {
  const { config, layout, weights, tokenizer } = model
  const values = { batch: 'N', values: weights }
  const judge = {
    format: 'coppice-judge-1',
    model: 'text-image.onnx',
    input: {
      name: 'images',
      size: config.size,
      channels: config.channels,
      layout: 'NCHW',
      order: 'RGB',
      range: [-1, 1],
    },
    output: { name: 'embeddings', read: 'cosine' },
    text: { model: 'text-encoder.onnx', input: 'tokens', output: 'embeddings', tokenizer },
    about,
  }
  return new Map<string, Uint8Array | string>([
    ['text-image.onnx', standardOperators(writeProgram(imageProgram(config, layout, values)))],
    ['text-encoder.onnx', standardOperators(writeProgram(textProgram(config, layout, values)))],
    ['text-image.json', `${JSON.stringify(judge)}\n`],
  ])
}
