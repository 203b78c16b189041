// The file that describes a judge: an ONNX model of one's own, and how it wants to see images.

import { z } from 'zod'
import { parseWith } from './explain.ts'

const side = z.number().int().min(1).max(4096)
const name = z.string().min(1)

const inputSchema = z.strictObject({
  /** The model's input for images; may be left out where it has only one. */
  name: name.optional(),
  /** What images are resized to: one number, or [height, width]. */
  size: z.union([side, z.tuple([side, side])], {
    error: 'it must be a whole number from 1 to 4096, or two of them, [height, width]',
  }),
  /** 1: colours become their luminance. 3: grey is repeated. */
  channels: z.literal([1, 3]),
  layout: z.enum(['NCHW', 'NHWC']).default('NCHW'),
  order: z.enum(['RGB', 'BGR']).default('RGB'),
  /** Black and white, such as [0, 1], [−1, 1] or [0, 255]. */
  range: z.tuple([z.number(), z.number()]).optional(),
  /** Instead of a range: (x − mean) / std per channel, in the order of `order`, with x from 0 to 1. */
  mean: z.array(z.number()).optional(),
  std: z.array(z.number().positive()).optional(),
})

const outputSchema = z.strictObject({
  /** The model's output; may be left out where it has only one. */
  name: name.optional(),
  /** What it means: scores of classes before or after the softmax, an embedding, or any features. */
  read: z.enum(['logits', 'probabilities', 'cosine', 'features']),
  /** Names of the classes, in the order of the output. */
  classes: z.array(z.string()).min(1).optional(),
})

const textSchema = z.strictObject({
  /** An ONNX file: tokens to an embedding in the same space as the images'. */
  model: name,
  input: name.optional(),
  output: name.optional(),
  /** What src/families/text-image writes: known words, and pieces of words. */
  tokenizer: z.strictObject({
    format: z.literal('coppice-words-1'),
    words: z.array(z.string()).min(1).readonly(),
    pieces: z.array(z.string()).readonly(),
    shape: z.tuple([z.number().int().min(1), z.number().int().min(1)]).readonly(),
  }),
})

export const judgeSchema = z
  .strictObject({
    format: z.literal('coppice-judge-1'),
    /** The ONNX file, beside this one. */
    model: name,
    input: inputSchema,
    output: outputSchema,
    /** Turns texts to embeddings, for `cosine`. */
    text: textSchema.optional(),
    /** An embedding made elsewhere, for `cosine`: of a text, of a person's face. */
    vector: z.array(z.number()).min(1).optional(),
    /** For people: where the model comes from, what it was trained on, its licence. */
    about: z.string().optional(),
  })
  .superRefine(({ input, output, text, vector }, context) => {
    const wrong = (path: string[], message: string, value: unknown) =>
      context.addIssue({ code: 'custom', path, message, input: value })
    const { range, mean, std, channels } = input
    if (range ? mean || std : !mean || !std)
      wrong(['input', 'range'], 'give either range, or mean and std', range)
    if (range && range[0] === range[1]) wrong(['input', 'range'], 'black and white must differ', range)
    for (const [key, values] of Object.entries({ mean, std }))
      if (values && values.length !== channels)
        wrong(['input', key], `it must have one number for each of ${channels} channels`, values)
    if (output.classes && new Set(output.classes).size < output.classes.length)
      wrong(['output', 'classes'], 'two classes have the same name', output.classes)
    if (output.classes && output.read !== 'logits' && output.read !== 'probabilities')
      wrong(
        ['output', 'classes'],
        `only logits and probabilities have classes, not ${output.read}`,
        output.classes,
      )
    for (const [key, value] of Object.entries({ text: text?.model, vector }))
      if (value !== undefined && output.read !== 'cosine')
        wrong([key], `it needs an output that is read as cosine, not as ${output.read}`, value)
  })

export type JudgeSpec = z.output<typeof judgeSchema>
export type JudgeSpecInput = z.input<typeof judgeSchema>

/** A valid description; throws an error that names the file and the field. */
export function parseJudgeSpec(value: unknown, what = 'the judge'): JudgeSpec {
  return parseWith(judgeSchema, value, what)
}
